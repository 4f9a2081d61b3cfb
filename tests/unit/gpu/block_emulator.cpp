// SPDX-License-Identifier: Apache-2.0
#include "block_emulator.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <csetjmp>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <ucontext.h>

#include "core/engine/float_bits.h"
#include "emulated_warp.h"
#include "gpu/kernels/device_ops.h"
#include "gpu/kernels/swizzle.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace decodescope::gpu {
namespace {

constexpr std::size_t kStackBytes = std::size_t{128} << 10;

struct Copy {
    std::uint32_t offset;
    const std::byte* from; ///< nullptr: zeros
};

struct Thread {
    ucontext_t context{}; ///< to start it
    std::jmp_buf at{};    ///< where it paused: unlike swapcontext() no call of the system
    bool started = false;
    std::byte* stack = nullptr;
    Request request;
    std::vector<Copy> open;                   ///< of the group that is not ended yet
    std::vector<std::vector<Copy>> committed; ///< oldest first
    bool finished = false;
};

struct Block {
    std::vector<Thread> threads;
    std::vector<std::uint32_t> shared; ///< of words, for their alignment
    std::size_t sharedBytes = 0;
    Grid at;
    int current = 0;
    std::jmp_buf scheduler{};
    const std::function<void()>* kernel = nullptr;
    std::string failure;
    int conflicts = 0;
#if defined(__SANITIZE_ADDRESS__)
    const void* schedulerStack = nullptr;
    std::size_t schedulerStackBytes = 0;
#endif
};

Block* theBlock = nullptr;
int theConflicts = 0;

/// Stacks are kept from one launch to the next.
std::byte* stackOf(std::size_t thread) {
    static std::vector<std::unique_ptr<std::byte[]>> stacks;
    while (stacks.size() <= thread)
        stacks.push_back(std::make_unique_for_overwrite<std::byte[]>(kStackBytes));
    return stacks[thread].get();
}

Thread& self() {
    return theBlock->threads[static_cast<std::size_t>(theBlock->current)];
}

void fail(const std::string& what) {
    if (theBlock->failure.empty())
        theBlock->failure = what;
}

/// From a thread back to the scheduler, until that resumes it.
void pause() {
    Thread& thread = self();
#if defined(__SANITIZE_ADDRESS__)
    void* fake = nullptr;
    __sanitizer_start_switch_fiber(thread.finished ? nullptr : &fake, theBlock->schedulerStack,
                                   theBlock->schedulerStackBytes);
#endif
    if (_setjmp(thread.at) == 0)
        _longjmp(theBlock->scheduler, 1);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void threadMain() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &theBlock->schedulerStack,
                                    &theBlock->schedulerStackBytes);
#endif
    (*theBlock->kernel)();
    self().finished = true;
    pause();
}

void resume(Block& block, std::size_t index) {
    block.current = static_cast<int>(index);
    Thread& thread = block.threads[index];
#if defined(__SANITIZE_ADDRESS__)
    void* fake = nullptr;
    __sanitizer_start_switch_fiber(&fake, thread.stack, kStackBytes);
#endif
    if (_setjmp(block.scheduler) == 0) {
        if (thread.started)
            _longjmp(thread.at, 1);
        thread.started = true;
        setcontext(&thread.context);
    }
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void meet(Request request) {
    self().request = request;
    pause();
}

std::byte* sharedAt(std::uint32_t offset) {
    if (offset % kChunkBytes != 0 || offset + kChunkBytes > theBlock->sharedBytes) {
        fail("16 bytes at " + std::to_string(offset) +
             " of shared memory are not aligned, or lie "
             "beyond its " +
             std::to_string(theBlock->sharedBytes));
        return sharedMemory();
    }
    return sharedMemory() + offset;
}

/// Lets a warp go on from where all its lanes wait, if they wait for one thing.
bool release(Block& block, std::size_t firstThread) {
    Warp warp{};
    for (std::size_t lane = 0; lane < kWarpLanes; ++lane)
        warp[lane] = &block.threads[firstThread + lane].request;
    const Meeting meeting = warp[0]->meeting;
    const bool together = std::all_of(warp.begin(), warp.end(), [&](const Request* each) {
        return each->meeting == meeting && each->mask == warp[0]->mask;
    });
    if (!together) {
        fail("lanes of warp " + std::to_string(firstThread / kWarpLanes) +
             " wait for different things");
        return false;
    }
    if (meeting == Meeting::None || meeting == Meeting::Barrier)
        return false;
    block.conflicts = std::max(block.conflicts, performTogether(warp, sharedAt));
    for (Request* each : warp)
        each->meeting = Meeting::None;
    return true;
}

bool allWait(const Block& block) {
    return std::all_of(block.threads.begin(), block.threads.end(), [](const Thread& each) {
        return each.finished || each.request.meeting == Meeting::Barrier;
    });
}

/// Runs warp by warp, each as far as it gets, until all threads are done.
void schedule(Block& block) {
    while (block.failure.empty()) {
        for (std::size_t first = 0; first < block.threads.size(); first += kWarpLanes)
            do {
                for (std::size_t lane = first; lane < first + kWarpLanes; ++lane)
                    if (!block.threads[lane].finished &&
                        block.threads[lane].request.meeting == Meeting::None)
                        resume(block, lane);
            } while (block.failure.empty() && !block.threads[first].finished &&
                     release(block, first));
        if (!allWait(block))
            fail("a lane ended, or waits for the block, where others of its warp wait for it");
        const auto finished = static_cast<std::size_t>(
            std::count_if(block.threads.begin(), block.threads.end(),
                          [](const Thread& each) { return each.finished; }));
        if (finished == block.threads.size())
            return;
        if (finished > 0)
            fail("threads ended while others wait for the block");
        for (Thread& each : block.threads)
            each.request.meeting = Meeting::None;
    }
}

/// Apart from any loop: getcontext() may return twice, as far as a compiler knows.
void makeFibre(Thread& thread) {
    getcontext(&thread.context);
    thread.context.uc_stack.ss_sp = thread.stack;
    thread.context.uc_stack.ss_size = kStackBytes;
    thread.context.uc_link = nullptr;
    makecontext(&thread.context, threadMain, 0);
}

void start(Block& block) {
    for (Thread& thread : block.threads) {
        thread.stack = stackOf(static_cast<std::size_t>(&thread - block.threads.data()));
        thread.request = {};
        thread.open.clear();
        thread.committed.clear();
        thread.finished = false;
        thread.started = false;
        makeFibre(thread);
    }
    std::fill(block.shared.begin(), block.shared.end(), 0xFFFFFFFFU);
}

void arrive(Thread& thread, std::size_t pending) {
    while (thread.committed.size() > pending) {
        for (const Copy& copy : thread.committed.front()) {
            std::byte* const to = sharedAt(copy.offset);
            if (copy.from)
                std::memcpy(to, copy.from, kChunkBytes);
            else
                std::memset(to, 0, kChunkBytes);
        }
        thread.committed.erase(thread.committed.begin());
    }
}

bool hasCopies(const Thread& thread) {
    return !thread.open.empty() ||
           std::any_of(thread.committed.begin(), thread.committed.end(),
                       [](const std::vector<Copy>& group) { return !group.empty(); });
}

} // namespace

void emulate(Grid grid, int threads, std::size_t sharedBytes, const std::function<void()>& kernel) {
    if (threads <= 0 || threads % kWarpLanes != 0)
        throw std::runtime_error("a block has whole warps");
    Block block;
    block.threads.resize(static_cast<std::size_t>(threads));
    // A word beyond the end, so that an empty block has an address too.
    block.shared.resize(sharedBytes / sizeof(std::uint32_t) + 1);
    block.sharedBytes = sharedBytes;
    block.kernel = &kernel;
    theBlock = &block;
    for (block.at.z = 0; block.at.z < grid.z; ++block.at.z)
        for (block.at.y = 0; block.at.y < grid.y; ++block.at.y)
            for (block.at.x = 0; block.at.x < grid.x; ++block.at.x) {
                start(block);
                schedule(block);
                if (std::any_of(block.threads.begin(), block.threads.end(), hasCopies))
                    fail("a thread ended before its copies arrived");
                if (!block.failure.empty()) {
                    theBlock = nullptr;
                    throw std::runtime_error(block.failure);
                }
            }
    theConflicts = block.conflicts;
    theBlock = nullptr;
}

int bankConflicts() {
    return theConflicts;
}

// ---- device_ops.h -------------------------------------------------------------------------------

int threadIndex() {
    return theBlock->current;
}
int blockThreads() {
    return static_cast<int>(theBlock->threads.size());
}
int blockX() {
    return theBlock->at.x;
}
int blockY() {
    return theBlock->at.y;
}
int blockZ() {
    return theBlock->at.z;
}
void syncThreads() {
    Request request;
    request.meeting = Meeting::Barrier;
    meet(request);
}
std::byte* sharedMemory() {
    return reinterpret_cast<std::byte*>(theBlock->shared.data());
}

float shuffleXor(float value, int mask) {
    Request request;
    request.meeting = Meeting::Shuffle;
    request.value = value;
    request.mask = mask;
    meet(request);
    return self().request.value;
}
bool anyLane(bool condition) {
    Request request;
    request.meeting = Meeting::Vote;
    request.condition = condition;
    meet(request);
    return self().request.condition;
}

Chunk loadOnce(const std::byte* from) {
    if (reinterpret_cast<std::uintptr_t>(from) % kChunkBytes != 0)
        fail("16 bytes of global memory are read where they are not aligned");
    Chunk chunk;
    std::memcpy(&chunk, from, sizeof(chunk));
    return chunk;
}
Chunk loadCached(const std::byte* from) {
    return loadOnce(from);
}
void copyChunk(std::uint32_t sharedOffset, const std::byte* from, bool valid) {
    self().open.push_back({sharedOffset, valid ? from : nullptr});
}
void commitCopies() {
    self().committed.push_back(std::move(self().open));
    self().open.clear();
}
template <int kPending>
void waitForCopies() {
    arrive(self(), kPending);
}
template void waitForCopies<0>();
template void waitForCopies<1>();

void loadMatrices(std::uint32_t (&registers)[4], std::uint32_t sharedOffset) {
    Request request;
    request.meeting = Meeting::Matrices;
    request.registers = registers;
    request.offset = sharedOffset;
    meet(request);
}
void loadMatricesTransposed(std::uint32_t (&registers)[4], std::uint32_t sharedOffset) {
    Request request;
    request.meeting = Meeting::MatricesTransposed;
    request.registers = registers;
    request.offset = sharedOffset;
    meet(request);
}
template <KvFormat kFormat>
void multiplyAdd(float (&sum)[4], const std::uint32_t (&first)[4], std::uint32_t second0,
                 std::uint32_t second1) {
    Request request;
    request.meeting = Meeting::Mma;
    request.sum = sum;
    request.first = first;
    request.second = {second0, second1};
    request.format = kFormat;
    meet(request);
}

template <KvFormat kFormat>
void multiplyAddBytes(float (&)[4], const std::uint32_t (&)[4], std::uint32_t, std::uint32_t) {
    // Of these products only the rate counts (peak_kernels.h).
}
template void multiplyAddBytes<KvFormat::E4M3>(float (&)[4], const std::uint32_t (&)[4],
                                               std::uint32_t, std::uint32_t);
template void multiplyAddBytes<KvFormat::Int8>(float (&)[4], const std::uint32_t (&)[4],
                                               std::uint32_t, std::uint32_t);

float exp2Fast(float x) {
    return std::exp2(x);
}
template <KvFormat kFormat>
std::uint32_t packPair(float low, float high) {
    const auto bits = [](float value) -> std::uint32_t {
        return kFormat == KvFormat::BF16 ? toBf16(value) : toF16(value);
    };
    return bits(low) | (bits(high) << 16);
}
template <KvFormat kFormat>
float lowOf(std::uint32_t pair) {
    return halfOf(kFormat, pair, 0);
}
template <KvFormat kFormat>
float highOf(std::uint32_t pair) {
    return halfOf(kFormat, pair, 1);
}
float floatOf(std::uint32_t bits) {
    return std::bit_cast<float>(bits);
}
std::uint32_t bitsOf(float value) {
    return std::bit_cast<std::uint32_t>(value);
}
void waitForEarlierWork() {} // launches are emulated one after the other
std::uint32_t selectBytes(std::uint32_t low, std::uint32_t high, std::uint32_t selector) {
    const std::uint64_t both = std::uint64_t{high} << 32 | low;
    std::uint32_t selected = 0;
    for (unsigned byte = 0; byte < 4; ++byte) {
        const unsigned from = selector >> (4 * byte) & 7U;
        selected |= static_cast<std::uint32_t>(both >> (8 * from) & 0xFFU) << (8 * byte);
    }
    return selected;
}
std::uint32_t subtractPairs(std::uint32_t a, std::uint32_t b) {
    constexpr KvFormat half = KvFormat::F16;
    return packPair<half>(lowOf<half>(a) - lowOf<half>(b), highOf<half>(a) - highOf<half>(b));
}

#define DECODESCOPE_EMULATED(format)                                                               \
    template void multiplyAdd<format>(float(&)[4], const std::uint32_t(&)[4], std::uint32_t,       \
                                      std::uint32_t);                                              \
    template std::uint32_t packPair<format>(float, float);                                         \
    template float lowOf<format>(std::uint32_t);                                                   \
    template float highOf<format>(std::uint32_t);
DECODESCOPE_EMULATED(KvFormat::F16)
DECODESCOPE_EMULATED(KvFormat::BF16)
DECODESCOPE_EMULATED(KvFormat::E4M3)
DECODESCOPE_EMULATED(KvFormat::Int8)
#undef DECODESCOPE_EMULATED

} // namespace decodescope::gpu
