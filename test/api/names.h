/* SPDX-License-Identifier: MIT-0
 *
 * One set of names for the two ways into the allocator, so that each test of test/api is written
 * once and run on both: strata's own names, or (API_PLAIN 1) the C library's.
 */
#ifndef TEST_API_NAMES_H
#define TEST_API_NAMES_H

/* Before any system header; so this is a test's first include. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "strata.h"

#ifndef API_PLAIN
#define API_PLAIN 0
#endif
#ifndef STRATA_TINY
#define STRATA_TINY 0
#endif
#ifndef STRATA_HARDENED
#define STRATA_HARDENED 0
#endif
#ifndef STRATA_STATS
#define STRATA_STATS (!STRATA_TINY)
#endif

#ifndef STRATA_SLABS
#define STRATA_SLABS (!STRATA_TINY && !STRATA_HARDENED)
#endif

#if API_PLAIN
#include <malloc.h>
/* Newer than the C library's headers, or gone from them. */
void free_sized(void *mem, size_t size);
void free_aligned_sized(void *mem, size_t alignment, size_t size);
void cfree(void *mem);
#define api_malloc malloc
#define api_calloc calloc
#define api_realloc realloc
#define api_reallocarray reallocarray
#define api_aligned_alloc aligned_alloc
#define api_memalign memalign
#define api_posix_memalign posix_memalign
#define api_valloc valloc
#define api_pvalloc pvalloc
#define api_free free
#define api_free_sized free_sized
#define api_free_aligned_sized free_aligned_sized
#define api_usable_size malloc_usable_size
#else
#define api_malloc strata_malloc
#define api_calloc strata_calloc
#define api_realloc strata_realloc
#define api_reallocarray strata_reallocarray
#define api_aligned_alloc strata_aligned_alloc
#define api_memalign strata_memalign
#define api_posix_memalign strata_posix_memalign
#define api_valloc strata_valloc
#define api_pvalloc strata_pvalloc
#define api_free strata_free
#define api_free_sized strata_free_sized
#define api_free_aligned_sized strata_free_aligned_sized
#define api_usable_size strata_usable_size
#endif

#define API_COUNT(array) (sizeof(array) / sizeof(array)[0])
#define API_RUN(tests) cmocka_run_group_tests(tests, NULL, NULL)

/* A size that the compiler can't see, so that it neither warns of an impossible one nor folds
 * the call away. */
static inline size_t hidden(size_t value)
{
    volatile size_t place = value;
    return place;
}

/* The same for a block, which the compiler may think was freed by a call that fails. */
static inline void *hidden_block(void *mem)
{
    void *volatile place = mem;
    return place;
}

/* The address as a number: what may be kept of a block that was freed. */
static inline uintptr_t address_of(const void *mem) { return (uintptr_t)mem; }

/* The byte that position `idx` of a block filled with `seed` holds. */
static inline unsigned char pattern_byte(size_t idx, unsigned seed)
{
    return (unsigned char)((idx * 31 + (idx >> 8) * 7 + seed) & 0xff);
}

static inline void fill_pattern(void *mem, size_t size, unsigned seed)
{
    unsigned char *bytes = mem;
    for (size_t idx = 0; idx < size; idx++) bytes[idx] = pattern_byte(idx, seed);
}

static inline bool has_pattern(const void *mem, size_t size, unsigned seed)
{
    const unsigned char *bytes = mem;
    for (size_t idx = 0; idx < size; idx++) {
        if (bytes[idx] != pattern_byte(idx, seed)) return false;
    }
    return true;
}

static inline bool is_filled_with(const void *mem, size_t size, unsigned char byte)
{
    const unsigned char *bytes = mem;
    for (size_t idx = 0; idx < size; idx++) {
        if (bytes[idx] != byte) return false;
    }
    return true;
}

/* Every structure is whole. */
static inline void assert_sound(void)
{
    const char *first = NULL;
    int broken = strata_check(&first);
    if (broken != 0) print_error("%d broken, first %s\n", broken, first ? first : "unnamed");
    assert_int_equal(broken, 0);
}

/* Sizes on both sides of every border there is: grains, small and tree bins, pages, granules,
 * the smallest and the usual direct_threshold. */
static const size_t api_border_sizes[] = {
    0,       1,       7,       8,       9,        15,      16,      17,      23,      24,
    25,      31,      32,      33,      40,       41,      56,      63,      64,      65,
    100,     127,     128,     129,     240,      248,     249,     256,     257,     495,
    496,     503,     504,     505,     511,      512,     513,     520,     1000,    1016,
    1023,    1024,    1025,    2047,    2048,     4079,    4080,    4088,    4095,    4096,
    4097,    8192,    10000,   16384,   32760,    65519,   65535,   65536,   65537,   100000,
    131071,  131072,  262144,  524289,  1048575,  1048576, 2097152, 4194287, 4194303, 4194304,
    4194305, 4200000, 8388608, 8388609, 16777216,
};

#endif
