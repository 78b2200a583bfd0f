// SPDX-License-Identifier: MIT-0
//
// The few words that the C++ tests of test/api share. Not cmocka: its jumps would pass over
// destructors.
#ifndef TEST_API_CXX_CHECK_HPP
#define TEST_API_CXX_CHECK_HPP

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "strata.h"

static inline void check(bool holds, const char *sentence)
{
    if (holds) return;
    std::fprintf(stderr, "does not hold: %s\n", sentence);
    std::_Exit(1);
}

// Keeps the compiler from seeing through a size.
static inline std::size_t hidden(std::size_t value)
{
    volatile std::size_t place = value;
    return place;
}

static inline bool is_aligned(const void *mem, std::size_t alignment)
{
    return reinterpret_cast<std::uintptr_t>(mem) % alignment == 0;
}

// Calls that gave and took blocks so far, as strata counted them.
struct Counts {
    std::size_t allocations, frees, mismatches;
};

static inline Counts counts_now()
{
    strata_stats stats;
    strata_stats_get(&stats);
    return {stats.allocations, stats.frees, stats.size_mismatches};
}

static inline void check_sound()
{
    check(strata_check(nullptr) == 0, "every structure is whole");
}

#endif
