// SPDX-License-Identifier: MIT-0
//
// Destructors of C++ thread_local objects, which run before those of keys: they free what the
// thread and others allocated, allocate more, and leave some of it to main. In the end nothing is
// lost.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "strata.h"

#ifndef STRATA_TINY
#define STRATA_TINY 0
#endif
#ifndef STRATA_THREADS
#define STRATA_THREADS (!STRATA_TINY)
#endif

namespace
{

constexpr std::size_t at_once = 8, rounds = 100, left_count = 32;

void require(bool holds, const char *sentence)
{
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", sentence);
    std::_Exit(1);
}

std::atomic<void *> left[left_count];

// Blocks of a thread, freed and replaced when it ends.
struct belongings {
    std::size_t seed = 0, count = 0;
    void *blocks[64];

    void add(std::size_t size)
    {
        blocks[count] = strata_malloc(size);
        require(blocks[count++] != nullptr, "there is memory");
    }

    ~belongings()
    {
        for (std::size_t n = 0; n < count; n++) strata_free(blocks[n]);
        for (std::size_t n = 0; n < 16; n++) {
            void *mem = strata_malloc((seed * 37 + n * 211) % 5000);
            require(mem != nullptr, "there is memory at the end of a thread");
            strata_free(left[(seed + n * 5) % left_count].exchange(mem));
        }
    }
};

thread_local belongings mine;

void live(std::size_t seed)
{
    mine.seed = seed;
    for (std::size_t n = 0; n < 64; n++) mine.add((seed * 101 + n * 53) % 4000);
}

strata_stats stats()
{
    strata_stats now;
    strata_stats_get(&now);
    return now;
}

// The C library and C++'s own have what they keep for so many threads afterwards.
void run(std::size_t seed)
{
    std::thread threads[at_once];
    for (std::size_t n = 0; n < at_once; n++) threads[n] = std::thread(live, seed + n);
    for (std::thread &thread : threads) thread.join();
}

void empty()
{
    for (std::atomic<void *> &slot : left) strata_free(slot.exchange(nullptr));
}

} // namespace

int main()
{
    if (!STRATA_THREADS) return 0;
    for (std::size_t round = 0; round < 3; round++) run(round);
    empty();
    std::size_t start = stats().live;
    for (std::size_t round = 0; round < rounds; round++) run(round * at_once);
    empty();
    require(stats().live == start, "as many bytes are live as at the start");
    strata_trim(0);
    require(stats().kept == 0, "nobody is left to keep anything");
    require(strata_check(nullptr) == 0, "every structure is whole");
    return 0;
}
