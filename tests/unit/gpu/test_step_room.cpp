// SPDX-License-Identifier: Apache-2.0
#include <QTest>

#include <array>
#include <cstring>
#include <optional>

#include "core/engine/reference.h"
#include "core/spec/count.h"
#include "core/spec/units.h"
#include "emulated_runtime.h"
#include "example_gpus.h"
#include "fake_cublas_lt.h"
#include "gpu/attention_check.h"
#include "gpu/attention_room.h"
#include "gpu/dynamic_library.h"
#include "gpu/gpu_cache.h"
#include "gpu/step_check.h"
#include "gpu/step_room.h"
#include "step_reference.h"

using namespace decodescope;
using gpu::KvFormat;
using gpu::WeightFormat;

/// A whole decode step of a small model on an emulated GPU, against one in double precision; and
/// who multiplies its matrices.
class TestStepRoom : public QObject {
    Q_OBJECT

private slots:
    void aStepIsThatOfTheReference_data();
    void aStepIsThatOfTheReference();
    void aStepThatIsRepeatedIsTheSame();
    void aStepByTheLibraryIsTheSame();
    void theFasterMultiplies();
    void aLibraryThatFailsIsNotUsed();
    void theRoomIsWhatWasForetold();
    void halfOfAMatrixIsMultiplied();
    void theSelfTestChecksAllWhoMultiply();
};

namespace {

DecoderRequest smallRequest(DataType weights = DataType::F16, DataType kvType = DataType::F16) {
    DecoderRequest request;
    request.scope = Scope::Step;
    request.model = modelByHand({.layers = 2,
                                 .nHeads = 4,
                                 .nKvHeads = 2,
                                 .headDim = 32,
                                 .hiddenSize = 64,
                                 .ffnHidden = 96,
                                 .vocabSize = 51});
    request.weightsType = weights;
    request.kvTypes = {kvType, kvType};
    request.batch = 2;
    request.context = 21;
    request.budgetBytes = kGiB;
    return request;
}

CublasLt fakeLibrary() {
    const std::array<std::string, 1> names = {FAKE_CUBLAS_LT};
    Result<CublasLt> library = CublasLt::open(names);
    if (!library)
        qFatal("%s", library.error().sentence().c_str());
    return *library;
}

/// All that a step takes.
struct Step {
    DecoderRequest request;
    std::shared_ptr<EmulatedRuntime> gpu;
    GpuCache cache;
    AttentionRoom attention;
    StepWeights weights;
    StepRoom room;

    explicit Step(const DecoderRequest& asked, const CublasLt* library = nullptr,
                  EmulatedGpu emulated = {}, StepVariation variation = StepVariation::Normal)
        : request(asked), gpu(made(emulated)), cache(gpu, asked), attention(gpu), weights(gpu),
          room(gpu, asked, variation, library) {
        const LayerSpec& layer = asked.model.layers[0];
        for (std::size_t i = 0; i < asked.model.layers.size(); ++i)
            cache.addLayer(layer);
        const std::int64_t times = variation == StepVariation::Normal ? 1 : 2;
        Result<AttentionPlans> plans =
            planKinds(*gpu, asked.kvTypes.key, asked.batch,
                      {{layer.nHeads * times, layer.nKvHeads, layer.headDimK, asked.context}});
        check(plans ? Status(Done{}) : plans.error());
        check(cache.allocate());
        check(attention.prepare(std::move(*plans), 5));
        check(weights.allocate(asked, asked.model.layers));
        check(room.prepare(weights));
    }

    static std::shared_ptr<EmulatedRuntime> made(EmulatedGpu gpu) {
        gpu.properties = exampleGpu("H200");
        return std::make_shared<EmulatedRuntime>(gpu);
    }
    static void check(const Status& status) {
        if (!status)
            qFatal("%s", status.error().sentence().c_str());
    }

    [[nodiscard]] gpu::AttentionArgs argsOf(std::size_t layer) const {
        gpu::AttentionArgs args;
        cache.address(layer, args);
        attention.address(0, args);
        return args;
    }
    void run() {
        room.begin();
        for (std::size_t i = 0; i < weights.layers().size(); ++i) {
            const StepAttention each{argsOf(i), attention.queries(),
                                     [&] { return attention.launch(0, argsOf(i)); }};
            check(room.queueLayer(weights, i, each));
        }
        check(room.queueHead(weights));
    }

    [[nodiscard]] std::vector<float> matrix(const GpuMatrix& at,
                                            const ProjectionShape& shape) const {
        const auto bytes = count(gpu::matrixBytes(shape.format, shape.rows, shape.columns));
        return decodedWeights(shape.format, {at.weights, bytes}, shape.rows, shape.columns);
    }
    /// What the cache holds of a sequence but for its last token, by each element's definition.
    [[nodiscard]] std::vector<float> held(std::size_t layer, int sequence, int kvHead,
                                          bool keys) const {
        const gpu::AttentionArgs args = argsOf(layer);
        const KvFormat format = *kvFormat(request.kvTypes.key);
        std::vector<float> all;
        for (int token = 0; token + 1 < request.context; ++token) {
            const std::byte* const row =
                (keys ? args.keys : args.values) + args.address.offset(sequence, kvHead, token);
            for (int d = 0; d < args.headDim; ++d) {
                std::uint16_t half = 0;
                std::memcpy(&half, row + d * gpu::elementBytes(format),
                            count(gpu::elementBytes(format)));
                if (gpu::elementBytes(format) == 2)
                    all.push_back(fromHalves(format, {&half, 1})[0]);
                else if (format == KvFormat::E4M3)
                    all.push_back(e4m3Value(static_cast<std::uint8_t>(half)));
                else
                    all.push_back(kInt8Step * static_cast<float>(static_cast<std::int8_t>(half)));
            }
        }
        return all;
    }

    [[nodiscard]] ReferenceStep reference(int sequence) const {
        ReferenceStep step;
        step.spec = request.model.layers[0];
        const WeightFormat format = *weightFormat(request.weightsType);
        step.inputs = gpu::inputFormat(format);
        step.cache = *kvFormat(request.kvTypes.key);
        step.cacheStep = step.cache == KvFormat::Int8 ? kInt8Step : 1.0F;
        step.position = request.context - 1;
        const auto shapes = layerProjections(request.model, step.spec, format, 1);
        for (std::size_t i = 0; i < weights.layers().size(); ++i)
            step.layers.push_back({matrix(weights.of(i, QueryKeyValue), shapes[QueryKeyValue]),
                                   matrix(weights.of(i, Output), shapes[Output]),
                                   matrix(weights.of(i, GateUp), shapes[GateUp]),
                                   matrix(weights.of(i, Down), shapes[Down])});
        step.lmHead = matrix(weights.head(), headProjection(request.model, format, 1));
        step.cached = [this, sequence](std::size_t layer, int kvHead, bool keys) {
            return held(layer, sequence, kvHead, keys);
        };
        return step;
    }

    /// ‖logits − reference‖ / ‖reference‖ over all sequences.
    [[nodiscard]] double error() const {
        std::vector<float> measured;
        std::vector<double> expected;
        const std::int64_t hidden = request.model.hiddenSize;
        for (int sequence = 0; sequence < request.batch; ++sequence) {
            const std::vector<double> logits =
                reference(sequence).logits({room.embeddings() + sequence * hidden, count(hidden)});
            expected.insert(expected.end(), logits.begin(), logits.end());
            for (int i = 0; i < request.model.vocabSize; ++i)
                measured.push_back(room.logits().at(sequence, i));
        }
        return relativeError(measured, expected);
    }
};

/// The reference rounds where the kernels do; what is left is a value that falls to the other side.
double boundOf(const DecoderRequest& request) {
    return request.weightsType == DataType::BF16 || request.kvTypes.key == DataType::BF16 ? 4e-3
                                                                                          : 1e-3;
}

} // namespace

void TestStepRoom::aStepIsThatOfTheReference_data() {
    QTest::addColumn<int>("weights");
    QTest::addColumn<int>("kvType");
    for (const DataType weights : {DataType::F16, DataType::BF16, DataType::Q8_0, DataType::Q4_0})
        for (const DataType kvType :
             {DataType::F16, DataType::BF16, DataType::FP8_E4M3, DataType::Int8})
            QTest::addRow("weights %s, cache %s", name(weights).data(), name(kvType).data())
                << static_cast<int>(weights) << static_cast<int>(kvType);
}

void TestStepRoom::aStepIsThatOfTheReference() {
    QFETCH(int, weights);
    QFETCH(int, kvType);
    for (const std::int64_t pageTokens : {0, 32}) {
        DecoderRequest request =
            smallRequest(static_cast<DataType>(weights), static_cast<DataType>(kvType));
        request.pageTokens = pageTokens;
        for (LayerSpec& layer : request.model.layers)
            layer.ffn.gated = pageTokens == 0;
        Step step(request);
        step.run();
        const double error = step.error();
        QVERIFY2(error <= boundOf(request), qPrintable(QString("off by %1").arg(error)));
    }
}

void TestStepRoom::aStepThatIsRepeatedIsTheSame() {
    Step step(smallRequest());
    step.run();
    const double error = step.error();
    step.run(); // the cache holds the new token now, and nothing else has changed
    QCOMPARE(step.error(), error);
}

void TestStepRoom::aStepByTheLibraryIsTheSame() {
    const CublasLt library = fakeLibrary();
    for (const DataType weights : {DataType::F16, DataType::BF16}) {
        const DecoderRequest request = smallRequest(weights);
        Step step(request, &library); // whose products take no time
        const auto shapes = layerProjections(request.model, request.model.layers[0],
                                             *weightFormat(weights), request.batch);
        for (const ProjectionShape& shape : shapes)
            QVERIFY(step.room.projectorOf(shape).product);
        QCOMPARE(step.room.launchesOf(request.model.layers[0]), 4 + 5); // SwiGLU is a launch
        const int before = step.gpu->launches();
        step.run();
        QCOMPARE(step.gpu->launches() - before, 2 * (2 + 1 + 1 + 1 + 1) + 1);
        QVERIFY(step.error() <= boundOf(request));
    }
}

void TestStepRoom::theFasterMultiplies() {
    const CublasLt library = fakeLibrary();
    const DecoderRequest request = smallRequest();
    const WeightFormat format = WeightFormat::F16;
    const ProjectionShape head = headProjection(request.model, format, request.batch);
    // By the emulated clock a launch takes a time for each of its blocks.
    const int blocks = planProjection(exampleGpu("H200"), head).launch.grid.x;
    EmulatedGpu gpu;
    for (const double share : {0.9, 1.1}) {
        gpu.nativeSeconds = share * blocks * EmulatedRuntime::kBlockSeconds;
        const Step step(request, &library, gpu);
        QCOMPARE(step.room.projectorOf(head).product != nullptr, share < 1);
    }
    // Where an activation follows, the library's time has its launch as well.
    const ProjectionShape gateUp =
        layerProjections(request.model, request.model.layers[0], format, request.batch)[GateUp];
    gpu.nativeSeconds = (planProjection(exampleGpu("H200"), gateUp).launch.grid.x - 0.5) *
                        EmulatedRuntime::kBlockSeconds;
    QVERIFY(!Step(request, &library, gpu).room.projectorOf(gateUp).product);
    // What it does not multiply is not asked of it.
    const DecoderRequest inBlocks = smallRequest(DataType::Q8_0);
    const Step step(inBlocks, &library);
    QVERIFY(!step.room.projectorOf(headProjection(inBlocks.model, WeightFormat::Q8, 2)).product);
}

void TestStepRoom::aLibraryThatFailsIsNotUsed() {
    const std::optional<DynamicLibrary> opened = DynamicLibrary::open(FAKE_CUBLAS_LT);
    test::FakeCublasLt* fake = nullptr;
    QVERIFY(opened && opened->find("fakeCublasLt", fake));
    const CublasLt library = fakeLibrary();
    const DecoderRequest request = smallRequest();
    const ProjectionShape head = headProjection(request.model, WeightFormat::F16, request.batch);
    for (int* status : {&fake->planStatus, &fake->multiplyStatus}) {
        *status = 13;
        Step step(request, &library);
        *status = 0;
        QVERIFY(!step.room.projectorOf(head).product);
        step.run();
        QVERIFY(step.error() <= boundOf(request));
    }
    // A GPU that is lost meanwhile is another matter.
    const auto gpu = Step::made({});
    gpu->failFrom(1, 999);
    const GpuMatrix matrix;
    const auto lost = fastestProjector(*gpu, &library, head, {&matrix, 1}, {});
    QVERIFY(!lost.ok());
    QCOMPARE(lost.error().code, ErrorCode::DeviceUnavailable);
}

void TestStepRoom::theRoomIsWhatWasForetold() {
    const CublasLt library = fakeLibrary();
    for (const CublasLt* each : {static_cast<const CublasLt*>(nullptr), &library}) {
        const DecoderRequest request = smallRequest();
        const Step step(request, each);
        QCOMPARE(step.room.bytes(), step.room.bytesNeeded());
        QCOMPARE(step.room.bytes() > CublasLt::kWorkspaceBytes, each != nullptr);
        std::uint64_t weights = StepWeights::fixedBytes(request);
        for (const LayerSpec& layer : request.model.layers)
            weights += StepWeights::layerBytes(request, layer);
        QCOMPARE(step.weights.bytes(), weights);
    }
}

void TestStepRoom::halfOfAMatrixIsMultiplied() {
    const DecoderRequest request = smallRequest();
    Step step(request, nullptr, {}, StepVariation::TwiceTheWorkHalfTheBytes);
    ProjectionShape head = headProjection(request.model, WeightFormat::F16, 2 * request.batch);
    head.rows /= 2;
    QCOMPARE(step.room.projectorOf(head).shape, head);
    step.run();
    QCOMPARE(step.room.logits().width, 25);
    QCOMPARE(step.room.logits().batch, 4);
}

void TestStepRoom::theSelfTestChecksAllWhoMultiply() {
    const CublasLt library = fakeLibrary();
    const auto gpu = Step::made({});
    const ProjectionShape plain{WeightFormat::BF16, 9, 64, 5};
    const auto both = checkProjection(gpu, &library, plain, 1);
    QVERIFY(both.ok());
    QCOMPARE(both->size(), std::size_t{2});
    QCOMPARE((*both)[0].kernel, std::string("projection"));
    QCOMPARE((*both)[1].kernel, std::string("projection by cuBLASLt"));
    for (const SelfTestResult& each : *both)
        QVERIFY2(each.pass(), each.kernel.c_str());
    const auto gated =
        checkProjection(gpu, &library, {WeightFormat::F16, 10, 64, 2, gpu::Activation::SwiGlu}, 1);
    QVERIFY(gated.ok());
    QCOMPARE((*gated)[1].kernel, std::string("projection by cuBLASLt, SwiGLU"));
    QVERIFY((*gated)[1].pass());
    QCOMPARE(checkProjection(gpu, &library, {WeightFormat::Q4, 9, 64, 5}, 1)->size(),
             std::size_t{1});
    // Where nothing is computed, nothing passes.
    EmulatedGpu idle;
    idle.computes = false;
    QVERIFY(!checkProjection(Step::made(idle), nullptr, plain, 1)->front().pass());
}

QTEST_APPLESS_MAIN(TestStepRoom)
#include "test_step_room.moc"
