// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <algorithm>

#include "fake_cudnn.h"
#include "gpu/cudnn_attention.h"

using namespace decodescope;
using test::FakeCudnn;
using test::FakeDescriptor;

namespace {

// Numbers of cuDNN's own header (cudnn_graph.h), which is not part of the build.
constexpr int kPlan = 5, kGraph = 15, kPack = 16, kTensor = 17, kSdpa = 41;
constexpr int kQ = 2800, kK = 2801, kV = 2802, kO = 2803, kScale = 2805;
constexpr int kDataType = 901, kDimensions = 902, kStrides = 903, kId = 906, kByValue = 908;
constexpr int kHalf = 2, kBf16 = 9, kFloat = 0;

using Sizes = std::vector<std::int64_t>;

} // namespace

/// The graph that cuDNN is given, checked by a library that keeps what it is told.
class TestCudnnAttention : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void init();
    void cleanup();
    void aMissingLibraryIsSaid();
    void anOldVersionIsSaid();
    void aLibraryThatIsNotCudnnIsSaid();
    void theGraphIsTheAttentionOfOneToken();
    void bf16IsAnotherType();
    void otherTypesAreRefusedBeforeCudnnIsAsked();
    void theFirstEngineThatMakesAPlanIsTaken();
    void aRefusedShapeIsSaidInItsWords();
    void noEngineAtAllIsARefusal();
    void anInternalErrorIsAFailure();
    void aCallBindsItsTensors();
    void nothingIsLeftBehind();

private:
    [[nodiscard]] static std::shared_ptr<CudnnLibrary> library() {
        auto opened = CudnnLibrary::open(FAKE_CUDNN);
        if (!opened || !(*opened)->use(reinterpret_cast<void*>(0x77)))
            return nullptr;
        return *opened;
    }
    [[nodiscard]] const FakeDescriptor* named(int attribute) const {
        return static_cast<const FakeDescriptor*>(
            m_fake->ofType(kSdpa).back()->value<void*>(attribute));
    }

    std::optional<DynamicLibrary> m_library;
    FakeCudnn* m_fake = nullptr;
};

void TestCudnnAttention::initTestCase() {
    m_library = DynamicLibrary::open(FAKE_CUDNN);
    QVERIFY(m_library.has_value());
    QVERIFY(m_library->find("fakeCudnn", m_fake));
}

void TestCudnnAttention::init() {
    *m_fake = FakeCudnn{};
}

void TestCudnnAttention::cleanup() {
    QCOMPARE(m_fake->handles, 0);
}

void TestCudnnAttention::aMissingLibraryIsSaid() {
    const auto opened = CudnnLibrary::open("libno-such-cudnn.so.9");
    QVERIFY(!opened.ok());
    QCOMPARE(opened.error().code, ErrorCode::DeviceUnavailable);
    QVERIFY(opened.error().what.find("not installed") != std::string::npos);
    QVERIFY(opened.error().what.find("libno-such-cudnn.so.9") != std::string::npos);
}

void TestCudnnAttention::anOldVersionIsSaid() {
    m_fake->version = 91002;
    const auto opened = CudnnLibrary::open(FAKE_CUDNN);
    QVERIFY(!opened.ok());
    QCOMPARE(opened.error().code, ErrorCode::DeviceUnavailable);
    QCOMPARE(opened.error().what,
             "cuDNN 9.10.2 is too old: attention is one operation since 9.13.1");
}

void TestCudnnAttention::aLibraryThatIsNotCudnnIsSaid() {
    const auto opened = CudnnLibrary::open("libm.so.6");
    QVERIFY(!opened.ok());
    QCOMPARE(opened.error().code, ErrorCode::DeviceUnavailable);
}

void TestCudnnAttention::theGraphIsTheAttentionOfOneToken() {
    const auto cudnn = library();
    QVERIFY(cudnn);
    const auto made = CudnnAttention::make(cudnn, {DataType::F16, 3, 32, 8, 128, 4097});
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().what.c_str());
    QCOMPARE(made->workspaceBytes(), std::uint64_t{4096});
    QCOMPARE(m_fake->stream, reinterpret_cast<void*>(0x77));
    for (const int which : {kQ, kO}) {
        QCOMPARE(named(which)->values<std::int64_t>(kDimensions), (Sizes{3, 32, 1, 128}));
        QCOMPARE(named(which)->values<std::int64_t>(kStrides), (Sizes{4096, 128, 128, 1}));
        QCOMPARE(named(which)->value<int>(kDataType), kHalf);
    }
    for (const int which : {kK, kV}) {
        QCOMPARE(named(which)->values<std::int64_t>(kDimensions), (Sizes{3, 8, 4097, 128}));
        QCOMPARE(named(which)->values<std::int64_t>(kStrides),
                 (Sizes{8LL * 4097 * 128, 4097LL * 128, 128, 1}));
        QCOMPARE(named(which)->value<int>(kDataType), kHalf);
        QVERIFY(named(which)->attributes.count(kByValue) == 0);
    }
    QCOMPARE(named(kScale)->values<std::int64_t>(kDimensions), (Sizes{1, 1, 1, 1}));
    QCOMPARE(named(kScale)->value<int>(kDataType), kFloat);
    QCOMPARE(named(kScale)->value<bool>(kByValue), true);
    Sizes ids;
    for (const int which : {kQ, kK, kV, kO, kScale})
        ids.push_back(named(which)->value<std::int64_t>(kId));
    std::sort(ids.begin(), ids.end());
    QVERIFY(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
    QCOMPARE(m_fake->ofType(kTensor).size(), std::size_t{5});
    QCOMPARE(m_fake->ofType(kGraph).size(), std::size_t{1});
    QCOMPARE(m_fake->ofType(kGraph)[0]->values<void*>(801),
             (std::vector<void*>{const_cast<FakeDescriptor*>(m_fake->ofType(kSdpa)[0])}));
}

void TestCudnnAttention::bf16IsAnotherType() {
    QVERIFY(CudnnAttention::make(library(), {DataType::BF16, 1, 8, 1, 64, 100}).ok());
    QCOMPARE(named(kK)->value<int>(kDataType), kBf16);
    QCOMPARE(named(kO)->value<int>(kDataType), kBf16);
    QCOMPARE(named(kScale)->value<int>(kDataType), kFloat);
}

void TestCudnnAttention::otherTypesAreRefusedBeforeCudnnIsAsked() {
    const auto made = CudnnAttention::make(library(), {DataType::Int8, 1, 8, 1, 64, 100});
    QVERIFY(!made.ok());
    QCOMPARE(made.error().code, ErrorCode::BadUsage);
    QVERIFY(made.error().what.find("int8") != std::string::npos);
    QVERIFY(m_fake->descriptors.empty());
}

void TestCudnnAttention::theFirstEngineThatMakesAPlanIsTaken() {
    m_fake->enginesProposed = 3;
    m_fake->enginesRefused = 2;
    const auto made = CudnnAttention::make(library(), {});
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().what.c_str());
    const auto plans = m_fake->ofType(kPlan);
    QCOMPARE(plans.size(), std::size_t{3});
    QVERIFY(plans[0]->destroyed && plans[1]->destroyed && !plans[2]->destroyed);
    QVERIFY(plans[0]->value<void*>(401) != plans[2]->value<void*>(401));
}

void TestCudnnAttention::aRefusedShapeIsSaidInItsWords() {
    m_fake->finalizeFails = kGraph;
    m_fake->finalizeStatus = 3001;
    m_fake->lastError = "head_dim must be a multiple of 8.\n";
    const auto made = CudnnAttention::make(library(), {});
    QVERIFY(!made.ok());
    QCOMPARE(made.error().code, ErrorCode::BadUsage);
    QCOMPARE(made.error().what,
             "cuDNN 9.19.0 refuses this shape: head_dim must be a multiple of 8");
}

void TestCudnnAttention::noEngineAtAllIsARefusal() {
    m_fake->enginesProposed = 0;
    const auto made = CudnnAttention::make(library(), {});
    QVERIFY(!made.ok());
    QCOMPARE(made.error().code, ErrorCode::BadUsage);
    m_fake->enginesProposed = m_fake->enginesRefused = 4;
    const auto refused = CudnnAttention::make(library(), {});
    QVERIFY(!refused.ok());
    QCOMPARE(refused.error().code, ErrorCode::BadUsage);
}

void TestCudnnAttention::anInternalErrorIsAFailure() {
    m_fake->finalizeFails = kPlan;
    m_fake->finalizeStatus = 4000;
    const auto made = CudnnAttention::make(library(), {});
    QVERIFY(!made.ok());
    QCOMPARE(made.error().code, ErrorCode::RunFailed);
    QVERIFY(made.error().what.find("CUDNN_STATUS_SOMETHING") != std::string::npos);
    m_fake->finalizeFails = -1;
    m_fake->createStatus = 1001;
    QVERIFY(!library());
}

void TestCudnnAttention::aCallBindsItsTensors() {
    const auto made = CudnnAttention::make(library(), {DataType::F16, 1, 8, 2, 64, 100});
    QVERIFY(made.ok());
    const auto at = [](std::uintptr_t address) { return reinterpret_cast<void*>(address); };
    QVERIFY(made->execute({at(16), at(32), at(48), at(64), at(256)}).ok());
    QCOMPARE(m_fake->runs.size(), std::size_t{1});
    const FakeCudnn::Run& run = m_fake->runs[0];
    QCOMPARE(run.plan, m_fake->ofType(kPlan).back());
    QCOMPARE(run.scale, 0.125F);
    const FakeDescriptor& pack = *m_fake->ofType(kPack).back();
    QCOMPARE(pack.value<void*>(1003), at(256));
    const auto ids = pack.values<std::int64_t>(1000);
    QCOMPARE(ids.size(), run.pointers.size());
    const std::pair<int, std::uintptr_t> bound[] = {{kQ, 16}, {kK, 32}, {kV, 48}, {kO, 64}};
    for (const auto& [which, address] : bound) {
        const auto index =
            std::find(ids.begin(), ids.end(), named(which)->value<std::int64_t>(kId));
        QVERIFY(index != ids.end());
        QCOMPARE(run.pointers[static_cast<std::size_t>(index - ids.begin())], at(address));
    }
    m_fake->executeStatus = 5000;
    QCOMPARE(made->execute({}).error().code, ErrorCode::RunFailed);
}

void TestCudnnAttention::nothingIsLeftBehind() {
    {
        const auto made = CudnnAttention::make(library(), {});
        QVERIFY(made.ok());
        QVERIFY(made->execute({}).ok());
        QCOMPARE(m_fake->handles, 1);
    }
    for (const auto& each : m_fake->descriptors)
        QVERIFY2(each->destroyed, qPrintable(QString("type %1").arg(each->type)));
}

QTEST_APPLESS_MAIN(TestCudnnAttention)
#include "test_cudnn_attention.moc"
