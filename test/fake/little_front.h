/* SPDX-License-Identifier: MIT-0
 *
 * The whole heap with its front end over the fake host, for tests of that: begun once in a process,
 * as programs do, with every test leaving it empty.
 */
#ifndef LITTLE_FRONT_H
#define LITTLE_FRONT_H

#include "fake/testing.h"

#include "api/shelf.h"
#include "books/options.h"
#include "fake/crew.h"
#include "fake/front_start.h"
#include "strata.h"

ST_INLINE void little_front_expect_sound(void)
{
    const char *first = NULL;
    int broken = strata_check(&first);
    TESTING_SOUND(broken, first);
}

ST_INLINE strata_stats little_front_stats(void)
{
    strata_stats stats;
    strata_stats_get(&stats);
    return stats;
}

/* All options as declared, a host that can do everything, nothing kept by the calling thread. */
ST_INLINE int little_front_setup(void **state)
{
    (void)state;
    os_fake_fail(OS_FAKE_ANY, 0, false);
    os_fake_configure(&os_fake_usual);
    os_fake_clear_output();
    for (unsigned id = 0; id < st_option_count; id++)
        st_option_set((st_option_id)id, st_option_describe((st_option_id)id)->initial);
    st_option_set(st_option_id_dirty_max, SIZE_MAX); /* what was freed stays, but where that is tested */
    assert_int_equal(front_start(), STRATA_SLABS);
    strata_free(strata_malloc(1)); /* who has not allocated yet keeps nothing */
    st_front_take_options();
    return 0;
}

/* All blocks were freed, nobody said anything that was not expected, and nothing is left over. */
ST_INLINE int little_front_teardown(void **state)
{
    (void)state;
    strata_stats stats;
    crew_end_all();
    little_front_expect_sound();
    strata_stats_get(&stats);
    assert_int_equal(stats.live, 0);
    assert_int_equal(stats.allocations, stats.frees);
    (void)strata_trim(0);
    strata_stats_get(&stats);
    assert_int_equal(stats.kept + stats.slabs + stats.cached, 0);
    assert_string_equal(os_fake_output(), "");
    little_front_expect_sound();
    return 0;
}

#if STRATA_SLABS

/* ---- who serves a block ---- */

typedef enum little_front_part {
    little_front_slab,
    little_front_space,
    little_front_direct,
    little_front_nobody
} little_front_part;

ST_INLINE little_front_part little_front_part_of(const void *mem)
{
    uintptr_t idx = st_slices_idx(mem);
    if (idx < ST_SLICES_MAX && st_slab_class_of(st_slices_word(idx)) != 0)
        return little_front_slab;
    st_owner_kind kind = st_owner_kind_of(st_pagemap_get(mem));
    if (kind == st_owner_space) return little_front_space;
    return kind == st_owner_direct ? little_front_direct : little_front_nobody;
}

/* ---- what the walk says of a block ---- */

typedef struct little_front_sought {
    const void *mem;
    size_t found, size;
    strata_region_kind kind;
} little_front_sought;

ST_INLINE int little_front_visit(void *context, const strata_region *region)
{
    little_front_sought *sought = context;
    if (region->start != sought->mem) return 0;
    sought->found++;
    sought->kind = region->kind;
    sought->size = region->size;
    return 0;
}

/* True if the walk sees the block at `mem` once, as one of this kind. */
ST_INLINE bool little_front_is(const void *mem, strata_region_kind kind)
{
    little_front_sought sought = {.mem = mem};
    assert_int_equal(strata_walk(little_front_visit, &sought), 0);
    assert_true(sought.found <= 1);
    return sought.found == 1 && sought.kind == kind;
}

#endif
#endif
