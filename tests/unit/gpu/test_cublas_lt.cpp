// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <array>
#include <limits>

#include "core/engine/reference.h"
#include "fake_cublas_lt.h"
#include "gpu/cublas_lt.h"
#include "gpu/dynamic_library.h"
#include "gpu/step_check.h"

using namespace decodescope;
using gpu::WeightFormat;
using test::FakeCublasLt;

/// cuBLASLt is opened at run time; where it is missing or fails, that is said and nothing crashes.
class TestCublasLt : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void aMissingLibraryIsSaid();
    void aLibraryThatLacksACallNamesIt();
    void aLibraryThatDoesNotStartSaysWhy();
    void theFirstThatIsThereIsTaken();
    void productsAreThoseOfTheReference_data();
    void productsAreThoseOfTheReference();
    void whatItCannotPlanIsSaid();
    void aFailedProductIsSaid();
    void nothingIsLeftBehind();
    void theRealLibraryHasEveryCall();

private:
    [[nodiscard]] static Result<CublasLt> opened(const std::string& name = FAKE_CUBLAS_LT) {
        const std::array names = {name};
        return CublasLt::open(names);
    }
    std::optional<DynamicLibrary> m_library; ///< kept open, so that its settings stay
    FakeCublasLt* m_fake = nullptr;
};

void TestCublasLt::initTestCase() {
    m_library = DynamicLibrary::open(FAKE_CUBLAS_LT);
    QVERIFY(m_library.has_value());
    QVERIFY(m_library->find("fakeCublasLt", m_fake));
}

void TestCublasLt::init() {
    *m_fake = FakeCublasLt{};
}

void TestCublasLt::aMissingLibraryIsSaid() {
    const Result<CublasLt> none = opened("libno-such-library.so.1");
    QVERIFY(!none.ok());
    QCOMPARE(none.error().code, ErrorCode::DeviceUnavailable);
    QCOMPARE(none.error().sentence(),
             std::string("libno-such-library.so.1: cuBLASLt is not installed. Our own kernels "
                         "multiply all matrices."));
}

void TestCublasLt::aLibraryThatLacksACallNamesIt() {
    const Result<CublasLt> other = opened("libm.so.6");
    QVERIFY(!other.ok());
    QCOMPARE(other.error().what, std::string("this cuBLASLt has no cublasLtCreate"));
    QCOMPARE(other.error().where, std::string("libm.so.6"));
}

void TestCublasLt::aLibraryThatDoesNotStartSaysWhy() {
    m_fake->createStatus = 1; // not initialised
    const Result<CublasLt> dead = opened();
    QVERIFY(!dead.ok());
    QCOMPARE(dead.error().code, ErrorCode::DeviceUnavailable);
    QVERIFY(dead.error().what.find("as the test wished (status 1)") != std::string::npos);
    QCOMPARE(m_fake->handles, 0);
}

void TestCublasLt::theFirstThatIsThereIsTaken() {
    const std::array<std::string, 2> names = {"libno-such-library.so.1", FAKE_CUBLAS_LT};
    const Result<CublasLt> library = CublasLt::open(names);
    QVERIFY(library.ok());
    QCOMPARE(library->version(), std::string("13.2.5"));
}

void TestCublasLt::productsAreThoseOfTheReference_data() {
    QTest::addColumn<int>("format");
    QTest::addColumn<int>("batch");
    for (const int batch : {1, 3, 20})
        for (const WeightFormat format : {WeightFormat::F16, WeightFormat::BF16})
            QTest::addRow("%s, batch %d", format == WeightFormat::F16 ? "f16" : "bf16", batch)
                << static_cast<int>(format) << batch;
}

void TestCublasLt::productsAreThoseOfTheReference() {
    QFETCH(int, format);
    QFETCH(int, batch);
    const auto weights = static_cast<WeightFormat>(format);
    const gpu::KvFormat input = gpu::inputFormat(weights);
    constexpr int kRows = 13;
    constexpr int kColumns = 24;
    std::mt19937_64 random(4);
    const std::vector<std::byte> matrix = randomMatrix(weights, kRows, kColumns, random);
    const std::vector<std::uint16_t> in =
        asHalves(input, normalValues(static_cast<std::size_t>(batch) * kColumns, random));
    std::vector<float> out(static_cast<std::size_t>(batch) * kRows,
                           std::numeric_limits<float>::quiet_NaN());
    const Result<CublasLt> library = opened();
    QVERIFY(library.ok());
    const auto product = library->plan({weights, kRows, kColumns, batch});
    QVERIFY2(product.ok(), product.ok() ? "" : product.error().sentence().c_str());
    std::byte workspace{};
    int stream = 0;
    QVERIFY((*product)->run(matrix.data(), in.data(), out.data(), &workspace, &stream).ok());
    QVERIFY(relativeError(out, referenceProjection(decodedWeights(weights, matrix, kRows, kColumns),
                                                   fromHalves(input, in), kColumns)) < 1e-6);
    QCOMPARE(m_fake->workspaceBytes, CublasLt::kWorkspaceBytes);
    QCOMPARE(m_fake->workspace, static_cast<void*>(&workspace));
    QCOMPARE(m_fake->stream, static_cast<void*>(&stream));
}

void TestCublasLt::whatItCannotPlanIsSaid() {
    const Result<CublasLt> library = opened();
    QVERIFY(library.ok());
    const auto inBlocks = library->plan({WeightFormat::Q8, 64, 64, 8});
    QVERIFY(!inBlocks.ok());
    QCOMPARE(inBlocks.error().code, ErrorCode::BadUsage);
    const ProjectionShape shape{WeightFormat::F16, 64, 32, 8};
    m_fake->planStatus = 15;
    QVERIFY(!library->plan(shape).ok());
    m_fake->planStatus = 0;
    m_fake->algorithms = 0;
    const auto none = library->plan(shape);
    QVERIFY(!none.ok());
    QVERIFY(none.error().what.find("to plan 64 × 32 for 8 sequences") != std::string::npos);
    m_fake->algorithms = 1;
    m_fake->algorithmState = 15;
    QVERIFY(!library->plan(shape).ok());
    m_fake->algorithmState = 0;
    QVERIFY(library->plan(shape).ok());
}

void TestCublasLt::aFailedProductIsSaid() {
    const Result<CublasLt> library = opened();
    QVERIFY(library.ok());
    const auto product = library->plan({WeightFormat::F16, 1, 8, 1});
    QVERIFY(product.ok());
    m_fake->multiplyStatus = 13;
    const std::array<std::uint16_t, 8> zeros{};
    float out = 0;
    const Status failed = (*product)->run(reinterpret_cast<const std::byte*>(zeros.data()),
                                          zeros.data(), &out, nullptr, nullptr);
    QVERIFY(!failed.ok());
    QCOMPARE(failed.error().code, ErrorCode::RunFailed);
    QVERIFY(failed.error().what.find("(status 13)") != std::string::npos);
}

void TestCublasLt::nothingIsLeftBehind() {
    {
        Result<std::unique_ptr<CublasLt::Product>> product =
            opened()->plan({WeightFormat::F16, 4, 8, 1});
        QVERIFY(product.ok());
        QCOMPARE(m_fake->handles, 1); // a product keeps its library
    }
    QCOMPARE(m_fake->handles, 0);
    QCOMPARE(m_fake->objects, 0);
}

void TestCublasLt::theRealLibraryHasEveryCall() {
    const Result<CublasLt> library = CublasLt::open();
    if (!library && library.error().what == "cuBLASLt is not installed")
        QSKIP("cuBLASLt is not installed");
    if (library)
        QVERIFY(!library->version().empty());
    else // without a GPU it is found, and does not start
        QVERIFY2(library.error().what.find("failed to start") != std::string::npos,
                 library.error().sentence().c_str());
}

QTEST_APPLESS_MAIN(TestCublasLt)
#include "test_cublas_lt.moc"
