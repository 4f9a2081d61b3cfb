// SPDX-License-Identifier: Apache-2.0
#include "gpu/cublas_lt.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "gpu/dynamic_library.h"

namespace decodescope {
namespace {

// Types and values of the cuBLASLt API (cuBLAS Library, "Using the cuBLASLt API"); the same in
// versions 12 and 13.
using LtStatus = int; ///< cublasStatus_t
using Handle = void*;
using Object = void*; ///< a description of a product, a matrix or a preference

constexpr LtStatus kSuccess = 0;
constexpr int kCompute32F = 68;
constexpr int kReal32F = 0, kReal16F = 2, kReal16BF = 14;
constexpr int kTransposeA = 3;          ///< attributes of a product, …
constexpr std::int32_t kTransposed = 1; ///< … and a value
constexpr int kPreferredWorkspace = 1;  ///< attribute of a preference, in bytes of 64 bits
constexpr const char* kWithoutIt = "Our own kernels multiply all matrices.";

/// cublasLtMatmulAlgo_t and cublasLtMatmulHeuristicResult_t.
struct Algorithm {
    std::uint64_t data[8];
};
struct Heuristic {
    Algorithm algorithm;
    std::size_t workspaceBytes;
    LtStatus state;
    float waves;
    int reserved[4];
};
static_assert(sizeof(Heuristic) == 96);

using Destroy = LtStatus(Object);
using SetAttribute = LtStatus(Object, int, const void*, std::size_t);

/// An object of the library with one owner.
using Owned = std::unique_ptr<void, Destroy*>;

} // namespace

struct CublasLt::Calls {
    explicit Calls(DynamicLibrary opened, std::string libraryName)
        : library(std::move(opened)), name(std::move(libraryName)) {}
    ~Calls() {
        if (handle)
            static_cast<void>(destroy(handle));
    }
    Calls(const Calls&) = delete;
    Calls& operator=(const Calls&) = delete;

    DynamicLibrary library;
    std::string name;
    Handle handle = nullptr;
    LtStatus (*create)(Handle*) = nullptr;
    LtStatus (*destroy)(Handle) = nullptr;
    std::size_t (*version)() = nullptr;
    const char* (*words)(LtStatus) = nullptr;
    LtStatus (*createProduct)(Object*, int computeType, int scaleType) = nullptr;
    LtStatus (*createMatrix)(Object*, int type, std::uint64_t rows, std::uint64_t columns,
                             std::int64_t leading) = nullptr;
    LtStatus (*createPreference)(Object*) = nullptr;
    Destroy *destroyProduct = nullptr, *destroyMatrix = nullptr, *destroyPreference = nullptr;
    SetAttribute *setProduct = nullptr, *setPreference = nullptr;
    LtStatus (*choose)(Handle, Object product, Object a, Object b, Object c, Object d,
                       Object preference, int wanted, Heuristic*, int* found) = nullptr;
    LtStatus (*multiply)(Handle, Object product, const void* alpha, const void* a, Object aMatrix,
                         const void* b, Object bMatrix, const void* beta, const void* c,
                         Object cMatrix, void* d, Object dMatrix, const Algorithm*, void* workspace,
                         std::size_t workspaceBytes, void* stream) = nullptr;

    /// The first call that the library lacks; nullptr: none.
    [[nodiscard]] const char* firstMissing() {
        const char* missing = nullptr;
        const auto find = [&](const char* symbol, auto*& function) {
            if (!library.find(symbol, function) && !missing)
                missing = symbol;
        };
        find("cublasLtCreate", create);
        find("cublasLtDestroy", destroy);
        find("cublasLtGetVersion", version);
        find("cublasLtGetStatusString", words);
        find("cublasLtMatmulDescCreate", createProduct);
        find("cublasLtMatmulDescDestroy", destroyProduct);
        find("cublasLtMatmulDescSetAttribute", setProduct);
        find("cublasLtMatrixLayoutCreate", createMatrix);
        find("cublasLtMatrixLayoutDestroy", destroyMatrix);
        find("cublasLtMatmulPreferenceCreate", createPreference);
        find("cublasLtMatmulPreferenceDestroy", destroyPreference);
        find("cublasLtMatmulPreferenceSetAttribute", setPreference);
        find("cublasLtMatmulAlgoGetHeuristic", choose);
        find("cublasLtMatmul", multiply);
        return missing;
    }

    [[nodiscard]] Error failure(LtStatus status, std::string_view doing) const {
        return {ErrorCode::RunFailed,
                fmt::format("cuBLASLt failed {}: {} (status {})", doing, words(status), status),
                name, kWithoutIt};
    }
};

/// What a product is described by; a column of the library is a row of ours, so that
/// out = weightsᵀ × in for it.
struct CublasLt::Product::Plan {
    Owned product, weights, in, out;
    Algorithm algorithm{};
};

namespace {

/// Keeps the first status that is no success.
class FirstFailure {
public:
    void operator()(LtStatus status) {
        if (m_status == kSuccess)
            m_status = status;
    }
    [[nodiscard]] LtStatus status() const { return m_status; }

private:
    LtStatus m_status = kSuccess;
};

} // namespace

std::span<const std::string> CublasLt::names() {
    static const std::array<std::string, 2> kNames = {"libcublasLt.so.13", "libcublasLt.so.12"};
    return kNames;
}

Result<CublasLt> CublasLt::open(std::span<const std::string> libraries) {
    for (const std::string& name : libraries) {
        std::optional<DynamicLibrary> opened = DynamicLibrary::open(name);
        if (!opened)
            continue;
        auto calls = std::make_shared<Calls>(std::move(*opened), name);
        if (const char* const missing = calls->firstMissing())
            return Error{ErrorCode::DeviceUnavailable,
                         fmt::format("this cuBLASLt has no {}", missing), name, kWithoutIt};
        if (const LtStatus status = calls->create(&calls->handle); status != kSuccess) {
            calls->handle = nullptr;
            Error error = calls->failure(status, "to start");
            error.code = ErrorCode::DeviceUnavailable;
            return error;
        }
        return CublasLt(std::move(calls));
    }
    return Error{ErrorCode::DeviceUnavailable, "cuBLASLt is not installed",
                 fmt::format("{}", fmt::join(libraries, ", ")), kWithoutIt};
}

std::string CublasLt::version() const {
    constexpr std::size_t kMajor = 10000;
    constexpr std::size_t kMinor = 100;
    const std::size_t version = m_calls->version();
    return fmt::format("{}.{}.{}", version / kMajor, version % kMajor / kMinor, version % kMinor);
}

Result<std::unique_ptr<CublasLt::Product>> CublasLt::plan(const ProjectionShape& shape) const {
    if (gpu::hasScales(shape.format))
        return Error{ErrorCode::BadUsage, "cuBLASLt does not multiply weights in blocks",
                     m_calls->name, kWithoutIt};
    FirstFailure failure;
    const auto own = [](Object object, Destroy* destroy) { return Owned(object, destroy); };
    const auto matrix = [&](int type, int rows, int columns) {
        Object object = nullptr;
        failure(m_calls->createMatrix(&object, type, static_cast<std::uint64_t>(rows),
                                      static_cast<std::uint64_t>(columns), rows));
        return own(object, m_calls->destroyMatrix);
    };
    Object product = nullptr;
    failure(m_calls->createProduct(&product, kCompute32F, kReal32F));
    Object preference = nullptr;
    failure(m_calls->createPreference(&preference));
    const Owned preferred = own(preference, m_calls->destroyPreference);
    const int type = shape.format == gpu::WeightFormat::BF16 ? kReal16BF : kReal16F;
    auto plan = std::make_unique<Product::Plan>(Product::Plan{
        own(product, m_calls->destroyProduct), matrix(type, shape.columns, shape.rows),
        matrix(type, shape.columns, shape.batch), matrix(kReal32F, shape.rows, shape.batch)});
    if (failure.status() == kSuccess) {
        failure(m_calls->setProduct(product, kTransposeA, &kTransposed, sizeof kTransposed));
        failure(m_calls->setPreference(preference, kPreferredWorkspace, &kWorkspaceBytes,
                                       sizeof kWorkspaceBytes));
    }
    Heuristic best{};
    int found = 0;
    if (failure.status() == kSuccess)
        failure(m_calls->choose(m_calls->handle, product, plan->weights.get(), plan->in.get(),
                                plan->out.get(), plan->out.get(), preference, 1, &best, &found));
    if (failure.status() == kSuccess && found > 0)
        failure(best.state);
    if (failure.status() != kSuccess || found == 0) {
        constexpr LtStatus kNotSupported = 15;
        return m_calls->failure(failure.status() == kSuccess ? kNotSupported : failure.status(),
                                fmt::format("to plan {} × {} for {} sequences", shape.rows,
                                            shape.columns, shape.batch));
    }
    plan->algorithm = best.algorithm;
    return std::unique_ptr<Product>(new Product(m_calls, std::move(plan)));
}

CublasLt::Product::Product(std::shared_ptr<const Calls> calls, std::unique_ptr<Plan> plan)
    : m_calls(std::move(calls)), m_plan(std::move(plan)) {}

CublasLt::Product::~Product() = default;

Status CublasLt::Product::run(const std::byte* weights, const std::uint16_t* in, float* out,
                              std::byte* workspace, void* stream) const {
    const float one = 1;
    const float zero = 0;
    const LtStatus status = m_calls->multiply(
        m_calls->handle, m_plan->product.get(), &one, weights, m_plan->weights.get(), in,
        m_plan->in.get(), &zero, out, m_plan->out.get(), out, m_plan->out.get(), &m_plan->algorithm,
        workspace, kWorkspaceBytes, stream);
    if (status != kSuccess)
        return m_calls->failure(status, "to multiply");
    return Done{};
}

} // namespace decodescope
