/* SPDX-License-Identifier: MIT-0
 *
 * The page map: what is stored is found, all else is not ours, and no memory means no change.
 */
#include "fake/testing.h"

#include "map/pagemap.h"
#include "os/os.h"

#if STRATA_PAGEMAP

#define LEAF_SPAN (ST_GRANULE << ST_PAGEMAP_LEAF_BITS) /* address space that a leaf covers */

static int setup(void **state)
{
    (void)state;
    os_fake_fail(OS_FAKE_ANY, 0, false);
    return 0;
}

/* An address that needs no memory behind it: the map never looks there. */
static char *place(size_t leaf_idx, size_t offset)
{
    return (char *)((uintptr_t)LEAF_SPAN * leaf_idx + offset);
}

static void what_was_never_given_is_not_ours(void **state)
{
    (void)state;
    int local;
    assert_int_equal(st_pagemap_get(NULL), 0);
    assert_int_equal(st_pagemap_get(&local), 0);
    assert_int_equal(st_pagemap_get((void *)UINTPTR_MAX), 0);
    assert_int_equal(st_pagemap_get((void *)(UINTPTR_MAX / 2)), 0);
    assert_int_equal(st_pagemap_get((void *)(UINTPTR_MAX / 2 + 1)), 0);
}

static void an_owner_is_kind_and_index(void **state)
{
    (void)state;
    st_owner owner = st_owner_make(st_owner_direct, 0xabcdef);
    assert_int_equal(st_owner_kind_of(owner), st_owner_direct);
    assert_int_equal(st_owner_idx_of(owner), 0xabcdef);
    assert_int_equal(st_owner_make(st_owner_none, 0), 0);
}

static void every_byte_of_a_granule_has_its_owner(void **state)
{
    (void)state;
    st_owner owner = st_owner_make(st_owner_space, 3);
    char *start = place(2, 5 * ST_GRANULE);
    assert_true(st_pagemap_set(start, 2 * ST_GRANULE + 1, owner));
    assert_int_equal(st_pagemap_get(start - 1), 0);
    assert_int_equal(st_pagemap_get(start), owner);
    assert_int_equal(st_pagemap_get(start + 2 * ST_GRANULE + 1), owner);
    assert_int_equal(st_pagemap_get(start + 3 * ST_GRANULE - 1), owner);
    assert_int_equal(st_pagemap_get(start + 3 * ST_GRANULE), 0);
    assert_true(st_pagemap_set(start + ST_GRANULE, ST_GRANULE, 0));
    assert_int_equal(st_pagemap_get(start), owner);
    assert_int_equal(st_pagemap_get(start + ST_GRANULE), 0);
    assert_int_equal(st_pagemap_get(start + 2 * ST_GRANULE), owner);
    assert_true(st_pagemap_set(start, 3 * ST_GRANULE, 0));
    assert_int_equal(st_pagemap_get(start), 0);
}

static void a_range_may_lie_in_several_leaves(void **state)
{
    (void)state;
    st_owner owner = st_owner_make(st_owner_space, 7);
    char *start = place(5, 0) - 2 * ST_GRANULE;
    size_t reserved = st_pagemap_reserved();
    assert_true(st_pagemap_set(start, 4 * ST_GRANULE, owner));
    assert_true(st_pagemap_reserved() >= reserved + 2 * sizeof(st_pagemap_leaf));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(st_pagemap_get(start + i * ST_GRANULE), owner);
    assert_int_equal(st_pagemap_get(start - 1), 0);
    assert_int_equal(st_pagemap_get(start + 4 * ST_GRANULE), 0);
    reserved = st_pagemap_reserved();
    assert_true(st_pagemap_set(start, 4 * ST_GRANULE, 0));
    assert_int_equal(st_pagemap_reserved(), reserved);
}

static void without_memory_for_a_leaf_nothing_changes(void **state)
{
    (void)state;
    st_owner owner = st_owner_make(st_owner_space, 1);
    char *start = place(9, 0) - ST_GRANULE;
    size_t reserved = st_pagemap_reserved();
    os_fake_fail(OS_FAKE_ANY, 1, true);
    assert_false(st_pagemap_set(start, 2 * ST_GRANULE, owner));
    os_fake_fail(OS_FAKE_ANY, 2, true); /* the first leaf is there, the second is not */
    assert_false(st_pagemap_set(start, 2 * ST_GRANULE, owner));
    assert_int_equal(st_pagemap_get(start), 0);
    assert_int_equal(st_pagemap_get(start + ST_GRANULE), 0);
    assert_true(st_pagemap_reserved() <= reserved + 2 * ST_GRANULE + sizeof(st_pagemap_leaf));
    os_fake_fail(OS_FAKE_ANY, 0, false);
    assert_true(st_pagemap_set(start, 2 * ST_GRANULE, owner));
    os_fake_fail(OS_FAKE_ANY, 1, true); /* taking back needs no memory */
    assert_true(st_pagemap_set(start, 2 * ST_GRANULE, 0));
}

static void addresses_beyond_the_map_are_refused(void **state)
{
    (void)state;
    if (ST_PAGEMAP_ADDRESS_BITS >= ST_WORD_BITS) return;
    char *end = place((size_t)1 << ST_PAGEMAP_ROOT_BITS, 0);
    st_owner owner = st_owner_make(st_owner_space, 1);
    assert_false(st_pagemap_set(end, ST_GRANULE, owner));
    assert_false(st_pagemap_set(end - ST_GRANULE, 2 * ST_GRANULE, owner));
    assert_true(st_pagemap_set(end - ST_GRANULE, ST_GRANULE, owner));
    assert_int_equal(st_pagemap_get(end - 1), owner);
    assert_int_equal(st_pagemap_get(end), 0);
    assert_true(st_pagemap_set(end - ST_GRANULE, ST_GRANULE, 0));
}

static void what_the_host_gave_is_counted(void **state)
{
    (void)state;
    assert_int_equal(st_pagemap_reserved(), os_fake_taken());
}

static void the_lock_can_be_held_around_a_fork(void **state)
{
    (void)state;
    st_pagemap_lock();
    st_pagemap_unlock();
    st_pagemap_lock();
    st_pagemap_reset_lock();
    assert_true(st_pagemap_reserved() > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_never_given_is_not_ours, setup),
        cmocka_unit_test_setup(an_owner_is_kind_and_index, setup),
        cmocka_unit_test_setup(every_byte_of_a_granule_has_its_owner, setup),
        cmocka_unit_test_setup(a_range_may_lie_in_several_leaves, setup),
        cmocka_unit_test_setup(without_memory_for_a_leaf_nothing_changes, setup),
        cmocka_unit_test_setup(addresses_beyond_the_map_are_refused, setup),
        cmocka_unit_test_setup(what_the_host_gave_is_counted, setup),
        cmocka_unit_test_setup(the_lock_can_be_held_around_a_fork, setup),
    };
    return TESTING_RUN(tests);
}

#else

static void without_a_map_setting_always_works(void **state)
{
    (void)state;
    char bytes[8];
    assert_true(st_pagemap_set(bytes, sizeof bytes, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(without_a_map_setting_always_works)};
    return TESTING_RUN(tests);
}

#endif
