/* SPDX-License-Identifier: MIT-0
 *
 * What the tests of dlmalloc's interface share. A promise that holds for the process's heap and for
 * mspaces is tested in each of the three ways to an allocator: dlmalloc and its kin, a new mspace, and a
 * new mspace on memory of the test's own.
 */
#ifndef DL_TEST_H
#define DL_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "dlmalloc.h"

/* What this build of strata has; the switches are those strata.c was compiled with. */
#ifndef STRATA_TINY
#define STRATA_TINY 0
#endif
#ifndef STRATA_THREADS
#define STRATA_THREADS (!STRATA_TINY)
#endif
#ifndef STRATA_RETURN
#define STRATA_RETURN (!STRATA_TINY)
#endif
#define HAS_DIRECT (!STRATA_TINY) /* blocks with mappings of their own, in the process's heap */

enum { KIB = 1024, MIB = 1024 * 1024 };
/* More than threads keep of what they free, less than a mapping of its own. */
#define LARGE ((size_t)600000)

/* ---- the ways ---- */

typedef void dl_handler(void *start, void *end, size_t used_bytes, void *argument);

typedef struct way {
    bool is_mspace;
    bool has_base;
    void *(*malloc)(size_t bytes);
    void (*free)(void *mem);
    void *(*calloc)(size_t count, size_t size);
    void *(*realloc)(void *mem, size_t bytes);
    void *(*realloc_in_place)(void *mem, size_t bytes);
    void *(*memalign)(size_t alignment, size_t bytes);
    void **(*independent_calloc)(size_t count, size_t size, void **chunks);
    void **(*independent_comalloc)(size_t count, size_t *sizes, void **chunks);
    size_t (*bulk_free)(void **array, size_t count);
    size_t (*usable_size)(const void *mem);
    int (*trim)(size_t pad);
    size_t (*footprint)(void);
    size_t (*max_footprint)(void);
    size_t (*footprint_limit)(void);
    size_t (*set_footprint_limit)(size_t bytes);
    void (*inspect_all)(dl_handler *handler, void *argument);
    dlmallinfo_t (*mallinfo)(void);
    void (*stats)(void);
    int (*mallopt)(int parameter, int value);
} way;

static mspace way_space;
/* Neither zero nor aligned. */
static char way_base[8 * MIB + 1];

static inline void *in_malloc(size_t bytes) { return mspace_malloc(way_space, bytes); }
static inline void in_free(void *mem) { mspace_free(way_space, mem); }
static inline void *in_calloc(size_t count, size_t size) { return mspace_calloc(way_space, count, size); }
static inline void *in_realloc(void *mem, size_t bytes) { return mspace_realloc(way_space, mem, bytes); }
static inline void *in_realloc_in_place(void *mem, size_t bytes)
{
    return mspace_realloc_in_place(way_space, mem, bytes);
}
static inline void *in_memalign(size_t alignment, size_t bytes)
{
    return mspace_memalign(way_space, alignment, bytes);
}
static inline void **in_independent_calloc(size_t count, size_t size, void **chunks)
{
    return mspace_independent_calloc(way_space, count, size, chunks);
}
static inline void **in_independent_comalloc(size_t count, size_t *sizes, void **chunks)
{
    return mspace_independent_comalloc(way_space, count, sizes, chunks);
}
static inline size_t in_bulk_free(void **array, size_t count)
{
    return mspace_bulk_free(way_space, array, count);
}
static inline int in_trim(size_t pad) { return mspace_trim(way_space, pad); }
static inline size_t in_footprint(void) { return mspace_footprint(way_space); }
static inline size_t in_max_footprint(void) { return mspace_max_footprint(way_space); }
static inline size_t in_footprint_limit(void) { return mspace_footprint_limit(way_space); }
static inline size_t in_set_footprint_limit(size_t bytes)
{
    return mspace_set_footprint_limit(way_space, bytes);
}
static inline void in_inspect_all(dl_handler *handler, void *argument)
{
    mspace_inspect_all(way_space, handler, argument);
}
static inline dlmallinfo_t in_mallinfo(void) { return mspace_mallinfo(way_space); }
static inline void in_stats(void) { mspace_malloc_stats(way_space); }

#define WAY_OF_MSPACE                                                                          \
    in_malloc, in_free, in_calloc, in_realloc, in_realloc_in_place, in_memalign,               \
        in_independent_calloc, in_independent_comalloc, in_bulk_free, mspace_usable_size,      \
        in_trim, in_footprint, in_max_footprint, in_footprint_limit, in_set_footprint_limit,   \
        in_inspect_all, in_mallinfo, in_stats, mspace_mallopt

static way way_mspace = {true, false, WAY_OF_MSPACE};
static way way_on_base = {true, true, WAY_OF_MSPACE};
#if !STRATA_DL_ONLY_MSPACES
static way way_process = {
    false, false, dlmalloc, dlfree, dlcalloc, dlrealloc, dlrealloc_in_place, dlmemalign,
    dlindependent_calloc, dlindependent_comalloc, dlbulk_free, dlmalloc_usable_size, dlmalloc_trim,
    dlmalloc_footprint, dlmalloc_max_footprint, dlmalloc_footprint_limit,
    dlmalloc_set_footprint_limit, dlmalloc_inspect_all, dlmallinfo, dlmalloc_stats, dlmallopt};
#endif

static inline int way_begin(void **state)
{
    const way *w = *state;
    if (!w->is_mspace) return 0;
    memset(way_base, 0xa7, sizeof way_base);
    way_space = w->has_base ? create_mspace_with_base(way_base + 1, sizeof way_base - 1, 1)
                            : create_mspace(0, 1);
    return way_space == NULL;
}

/* Whatever a test did, all that strata relies on holds. */
static inline int way_end(void **state)
{
    const way *w = *state;
    const char *broken = "nothing";
    int count = strata_check(&broken);
    if (w->is_mspace) {
        count += strata_heap_check(way_space, &broken);
        destroy_mspace(way_space);
    } else {
        w->set_footprint_limit(SIZE_MAX);
    }
    if (count != 0) print_error("broken: %s\n", broken);
    return count;
}

/* Where a promise is tested: a test is not listed where there is nothing to see, so that none passes
 * without having looked. */
#define IN_MSPACE(test) {#test ", mspace", test, way_begin, way_end, &way_mspace}
#define IN_BASE(test) {#test ", mspace on a base", test, way_begin, way_end, &way_on_base}
#define IN_MSPACES(test) IN_MSPACE(test), IN_BASE(test)
#if STRATA_DL_ONLY_MSPACES
#define IN_EACH_WAY(test) IN_MSPACES(test)
#define ON_HOST_MEMORY(test) IN_MSPACE(test)
#else
#define IN_PROCESS(test) {#test, test, way_begin, way_end, &way_process}
#define IN_EACH_WAY(test) IN_PROCESS(test), IN_MSPACES(test)
#define ON_HOST_MEMORY(test) IN_PROCESS(test), IN_MSPACE(test)
#endif

/* ---- helpers ---- */

static inline bool is_multiple_of(const void *mem, size_t alignment)
{
    return (uintptr_t)mem % alignment == 0;
}

static inline void fill(void *mem, size_t size, unsigned seed)
{
    unsigned char *bytes = mem;
    for (size_t i = 0; i < size; i++) bytes[i] = (unsigned char)(seed * 31 + i * 7 + (i >> 8));
}

static inline bool is_filled(const void *mem, size_t size, unsigned seed)
{
    const unsigned char *bytes = mem;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != (unsigned char)(seed * 31 + i * 7 + (i >> 8))) return false;
    return true;
}

static inline bool is_zero(const void *mem, size_t size)
{
    const unsigned char *bytes = mem;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0) return false;
    return true;
}

/* Expects that the call gives NULL and says ENOMEM. */
#define assert_no_memory(call)                                                                 \
    do {                                                                                       \
        errno = 0;                                                                             \
        assert_null(call);                                                                     \
        assert_int_equal(errno, ENOMEM);                                                       \
    } while (0)

#endif
