/* SPDX-License-Identifier: MIT-0
 *
 * What tests of slices (map/slices.h) share: each begins without a window, and ends with the host having
 * given what the totals say.
 */
#ifndef LITTLE_SLICES_H
#define LITTLE_SLICES_H

#include "fake/little_slabs.h"

#if STRATA_SLABS

#define LITTLE_SLICES_OWNER                                                                    \
    ((st_owner)(7 << 8 | 3)) /* as good as any: slices don't look into it */
#define LITTLE_SLICES_IN_RUN (ST_RUN_SLICES - ST_RUN_TABLES)

ST_INLINE int little_slices_setup(void **state)
{
    (void)state;
    little_slabs_forget();
    return 0;
}

ST_INLINE st_slices_totals little_slices_totals(void)
{
    st_slices_totals all;
    st_slices_totals_get(&all);
    return all;
}

/* The account of memory that may be resident has the slices that are taken, and the dirty ones. */
ST_INLINE void little_slices_expect_sound(void)
{
    const char *first = NULL;
    int broken = st_slices_check(&first);
    TESTING_SOUND(broken, first);
#if STRATA_RETURN
    assert_int_equal(st_room_held(),
                     little_slices_totals().used + little_slices_totals().dirty);
#endif
}

ST_INLINE uint32_t little_slices_take(void)
{
    uint32_t idx = st_slices_take(LITTLE_SLICES_OWNER);
    assert_int_not_equal(idx, 0);
    return idx;
}

/* Whatever happened, the host has given what the totals say. */
ST_INLINE int little_slices_teardown(void **state)
{
    (void)state;
    os_fake_counts counts;
    os_fake_count(&counts);
    little_slices_expect_sound();
    if (counts.failed[os_fake_call_release] > 0) return 0;
    assert_int_equal(counts.committed, little_slices_totals().committed);
    assert_int_equal(counts.reserved + counts.committed, little_slices_totals().reserved);
    return 0;
}

/* The first run lies so high that there is room below it. */
ST_INLINE void little_slices_place_runs_high(void)
{
    os_fake_config config = os_fake_usual;
    config.floor = 16 * ST_RUN;
    os_fake_configure(&config);
}

/* Takes so many, wherever they lie. */
ST_INLINE void little_slices_take_all(size_t count)
{
    for (size_t i = 0; i < count; i++) little_slices_take();
}

/* Gives 8 slices with bytes in them, in the order of their numbers, and returns the first. */
ST_INLINE uint32_t little_slices_give_eight(void)
{
    uint32_t idx[8];
    for (uint32_t i = 0; i < 8; i++) {
        idx[i] = little_slices_take();
        memset(st_slices_base(idx[i]), 0x77, ST_SLICE);
    }
    for (uint32_t i = 0; i < 8; i++) st_slices_give(idx[i]);
    return idx[0];
}

#endif
#endif
