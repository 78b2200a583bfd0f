/* SPDX-License-Identifier: MIT-0
 *
 * The allocator that is replayed on: the process's own, whatever was preloaded; or none. Without
 * one every block is the same small area that stays in the nearest cache: a run on it costs what
 * the replay itself costs, in time, instructions and memory, to be subtracted from real runs.
 */
#define _GNU_SOURCE
#include "replay.h"

#include <malloc.h>
#include <stdlib.h>

/* Offsets are cut to the mask, so that they stay inside of the area; with room for a word at the
 * last. Areas that follow each other share no line of a cache. */
enum { null_mask = 0xfff, null_area_size = null_mask + 1 + 256 };

static unsigned char null_area[null_area_size] __attribute__((aligned(4096)));

/* With threads: one for each. */
static unsigned char *null_areas;

static void *null_malloc(size_t size)
{
    (void)size;
    return null_area;
}

static void *null_calloc(size_t count, size_t size)
{
    (void)count, (void)size;
    return null_area;
}

static void *null_realloc(void *block, size_t size)
{
    (void)block, (void)size;
    return null_area;
}

static void null_free(void *block) { (void)block; }

static void *null_memalign(size_t alignment, size_t size)
{
    (void)alignment, (void)size;
    return null_area;
}

void replay_calls_get(replay_calls *calls, bool null)
{
    static const replay_calls real = {malloc,   calloc,       realloc,      free,
                                      memalign, ~(uint64_t)0, ~(uint64_t)0, 0};
    static const replay_calls none = {
        null_malloc, null_calloc, null_realloc, null_free, null_memalign, null_mask, 0, 0};
    *calls = null ? none : real;
    if (null) __builtin_memset(null_area, 1, sizeof null_area);
}

void replay_calls_make_areas(const replay_calls *calls, uint32_t lane_count)
{
    if (calls->malloc == null_malloc) {
        null_areas = replay_map_memory((uint64_t)lane_count * null_area_size);
    }
}

void replay_calls_for_lane(replay_calls *calls, uint32_t lane)
{
    if (null_areas != NULL) {
        calls->block_base = (uintptr_t)null_areas + (uint64_t)lane * null_area_size;
    }
}
