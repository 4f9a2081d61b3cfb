// SPDX-License-Identifier: Apache-2.0
// A shared library with the calls of cuBLASLt that are used; it multiplies on the host, by the
// definition. Matrices are column by column, as the library's are.
#include "fake_cublas_lt.h"

#include <cstddef>
#include <cstring>

#include "core/engine/float_bits.h"

using decodescope::test::FakeCublasLt;

#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED FakeCublasLt fakeCublasLt;
FakeCublasLt fakeCublasLt;

namespace {

constexpr int kInvalidValue = 7;
constexpr std::uint64_t kAlgorithm = 0x5EED;
int theHandle = 0;

/// A product, a matrix or a preference.
struct Object {
    int type = 0;
    std::uint64_t rows = 0, columns = 0;
    std::int64_t leading = 0;
    bool transposed = false;
};

struct Heuristic {
    std::uint64_t algorithm[8];
    std::size_t workspaceBytes;
    int state;
    float waves;
    int reserved[4];
};

int create(Object** object, Object&& value) {
    *object = new Object(value);
    ++fakeCublasLt.objects;
    return 0;
}
int destroy(Object* object) {
    delete object;
    --fakeCublasLt.objects;
    return 0;
}

double element(const Object& matrix, const void* data, std::uint64_t row, std::uint64_t column) {
    const std::uint64_t at = row + column * static_cast<std::uint64_t>(matrix.leading);
    if (matrix.type == 0)
        return static_cast<const float*>(data)[at];
    const std::uint16_t half = static_cast<const std::uint16_t*>(data)[at];
    return matrix.type == 2 ? decodescope::fromF16(half) : decodescope::fromBf16(half);
}

} // namespace

EXPORTED int cublasLtCreate(void** handle) {
    *handle = &theHandle;
    fakeCublasLt.handles += fakeCublasLt.createStatus == 0;
    return fakeCublasLt.createStatus;
}
EXPORTED int cublasLtDestroy(void* handle) {
    --fakeCublasLt.handles;
    return handle == &theHandle ? 0 : kInvalidValue;
}
EXPORTED std::size_t cublasLtGetVersion() {
    return 130205;
}
EXPORTED const char* cublasLtGetStatusString(int /*status*/) {
    return "as the test wished";
}

EXPORTED int cublasLtMatmulDescCreate(Object** object, int computeType, int scaleType) {
    if (computeType != 68 || scaleType != 0)
        return kInvalidValue;
    return create(object, {});
}
EXPORTED int cublasLtMatmulDescDestroy(Object* object) {
    return destroy(object);
}
EXPORTED int cublasLtMatmulDescSetAttribute(Object* object, int attribute, const void* value,
                                            std::size_t bytes) {
    std::int32_t operation = 0;
    if (attribute != 3 || bytes != sizeof operation)
        return kInvalidValue;
    std::memcpy(&operation, value, bytes);
    object->transposed = operation == 1;
    return 0;
}
EXPORTED int cublasLtMatrixLayoutCreate(Object** object, int type, std::uint64_t rows,
                                        std::uint64_t columns, std::int64_t leading) {
    return create(object, {type, rows, columns, leading});
}
EXPORTED int cublasLtMatrixLayoutDestroy(Object* object) {
    return destroy(object);
}
EXPORTED int cublasLtMatmulPreferenceCreate(Object** object) {
    return create(object, {});
}
EXPORTED int cublasLtMatmulPreferenceDestroy(Object* object) {
    return destroy(object);
}
EXPORTED int cublasLtMatmulPreferenceSetAttribute(Object* /*object*/, int attribute,
                                                  const void* value, std::size_t bytes) {
    if (attribute != 1 || bytes != sizeof fakeCublasLt.workspaceBytes)
        return kInvalidValue;
    std::memcpy(&fakeCublasLt.workspaceBytes, value, bytes);
    return 0;
}

EXPORTED int cublasLtMatmulAlgoGetHeuristic(void* handle, Object* /*product*/, Object* /*a*/,
                                            Object* /*b*/, Object* /*c*/, Object* /*d*/,
                                            Object* /*preference*/, int wanted, Heuristic* found,
                                            int* count) {
    if (handle != &theHandle || wanted < 1)
        return kInvalidValue;
    *count = fakeCublasLt.algorithms;
    *found = Heuristic{};
    found->algorithm[0] = kAlgorithm;
    found->state = fakeCublasLt.algorithmState;
    return fakeCublasLt.planStatus;
}

EXPORTED int cublasLtMatmul(void* handle, Object* product, const float* alpha, const void* a,
                            Object* aMatrix, const void* b, Object* bMatrix, const float* beta,
                            const void* /*c*/, Object* /*cMatrix*/, float* d, Object* dMatrix,
                            const std::uint64_t* algorithm, void* workspace,
                            std::size_t workspaceBytes, void* stream) {
    if (handle != &theHandle || *alpha != 1 || *beta != 0 || algorithm[0] != kAlgorithm ||
        workspaceBytes < fakeCublasLt.workspaceBytes || !product->transposed ||
        aMatrix->rows != bMatrix->rows || dMatrix->rows != aMatrix->columns ||
        dMatrix->columns != bMatrix->columns || dMatrix->type != 0)
        return kInvalidValue;
    fakeCublasLt.workspace = workspace;
    fakeCublasLt.stream = stream;
    for (std::uint64_t column = 0; column < dMatrix->columns; ++column)
        for (std::uint64_t row = 0; row < dMatrix->rows; ++row) {
            double sum = 0;
            for (std::uint64_t k = 0; k < aMatrix->rows; ++k)
                sum += element(*aMatrix, a, k, row) * element(*bMatrix, b, k, column);
            d[row + column * static_cast<std::uint64_t>(dMatrix->leading)] =
                static_cast<float>(sum);
        }
    return fakeCublasLt.multiplyStatus;
}
