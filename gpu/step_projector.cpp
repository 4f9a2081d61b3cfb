// SPDX-License-Identifier: Apache-2.0
#include "gpu/step_projector.h"

#include <algorithm>
#include <limits>

#include "gpu/timed_work.h"

namespace decodescope {
namespace {

Status multiplyByLibrary(GpuRuntime& gpu, const Projector& projector, const GpuMatrix& matrix,
                         const ProjectionRoom& room) {
    const ProjectionShape& shape = projector.shape;
    Status multiplied = gpu.queueNative([product = projector.product, matrix, room](void* stream) {
        return product->run(matrix.weights, room.in, room.sums, room.workspace, stream);
    });
    if (!multiplied || shape.activation == gpu::Activation::None)
        return multiplied;
    gpu::ActivationArgs args;
    args.in = {room.sums, 1, shape.rows, shape.batch};
    args.out = room.activated;
    args.width = shape.activation == gpu::Activation::SwiGlu ? shape.rows / 2 : shape.rows;
    args.activation = shape.activation;
    return gpu.launch(activationLaunch(gpu::inputFormat(shape.format), args), args);
}

} // namespace

Status project(GpuRuntime& gpu, const Projector& projector, const GpuMatrix& matrix,
               const ProjectionRoom& room) {
    if (projector.product)
        return multiplyByLibrary(gpu, projector, matrix, room);
    gpu::ProjectionArgs args;
    args.weights = matrix.weights;
    args.scales = matrix.scales;
    args.in = room.in;
    args.out = room.sums;
    args.activated = room.activated;
    fillIn(projector.shape, projector.plan, args);
    return gpu.launch(projector.plan.launch, args);
}

Result<double> secondsOf(GpuRuntime& gpu, const Projector& projector,
                         std::span<const GpuMatrix> matrices, const ProjectionRoom& room) {
    constexpr int kRuns = 4; // the first warms up
    // Once by itself: what a library loads with its first product cannot be recorded, and where it
    // fails, nothing has begun.
    Status status = project(gpu, projector, matrices.front(), room);
    if (status)
        status = gpu.synchronize();
    if (status)
        status = gpu.beginCapture();
    if (!status)
        return status.error();
    for (std::size_t i = 0; i < matrices.size() && status; ++i)
        status = project(gpu, projector, matrices[i], room);
    const Result<std::unique_ptr<GpuGraph>> graph = gpu.endCapture();
    if (!status)
        return status.error();
    if (!graph)
        return graph.error();
    const Result<std::unique_ptr<GpuEvent>> before = gpu.makeEvent();
    if (!before)
        return before.error();
    const Result<std::unique_ptr<GpuEvent>> after = gpu.makeEvent();
    if (!after)
        return after.error();
    double best = std::numeric_limits<double>::infinity();
    for (int run = 0; run < kRuns; ++run) {
        const Result<double> seconds =
            timedWork(gpu, **before, **after, [&graph] { return (*graph)->replay(); });
        if (!seconds)
            return seconds.error();
        best = std::min(best, *seconds);
    }
    return best / static_cast<double>(matrices.size());
}

Result<Projector> fastestProjector(GpuRuntime& gpu, const CublasLt* library,
                                   const ProjectionShape& shape,
                                   std::span<const GpuMatrix> matrices,
                                   const ProjectionRoom& room) {
    Projector own{shape, planProjection(gpu.properties(), shape), nullptr};
    if (!library || gpu::hasScales(shape.format))
        return own;
    Result<std::unique_ptr<CublasLt::Product>> product = library->plan(shape);
    if (!product)
        return own;
    Projector byLibrary{shape, own.plan, std::move(*product)};
    const Result<double> ownSeconds = secondsOf(gpu, own, matrices, room);
    if (!ownSeconds)
        return ownSeconds.error();
    const Result<double> librarySeconds = secondsOf(gpu, byLibrary, matrices, room);
    if (!librarySeconds) {
        if (librarySeconds.error().code != ErrorCode::RunFailed)
            return librarySeconds.error();
        return own; // the library cannot; the GPU is well
    }
    return *librarySeconds < *ownSeconds ? byLibrary : own;
}

} // namespace decodescope
