/* SPDX-License-Identifier: MIT-0
 *
 * The life of mspaces: created, on memory of the caller's or not, apart from each other, destroyed.
 */
#include "dl_test.h"

#include <stdio.h>

/* ---- create and destroy ---- */

static void create_takes_little_and_grows_on_demand(void **state)
{
    (void)state;
    mspace space = create_mspace(0, 0);
    assert_non_null(space);
    assert_true(mspace_footprint(space) <= 256 * KIB);
    void *mem = mspace_malloc(space, 20 * (size_t)MIB);
    assert_non_null(mem);
    memset(mem, 1, 20 * (size_t)MIB);
    assert_true(mspace_footprint(space) >= 20 * (size_t)MIB);
    destroy_mspace(space);
}

static void create_with_a_capacity_has_it(void **state)
{
    (void)state;
    mspace space = create_mspace(3 * MIB, 1);
    assert_non_null(space);
    void *mem = mspace_malloc(space, 3 * MIB - 64 * KIB);
    assert_non_null(mem);
    memset(mem, 1, 3 * MIB - 64 * KIB);
    destroy_mspace(space);
    /* More than a heap gets anyway. */
    strata_stats stats;
    space = create_mspace(100 * (size_t)MIB, 0);
    assert_non_null(space);
    strata_heap_stats_get(space, &stats);
    assert_true(stats.reserved >= 100 * (size_t)MIB);
    assert_non_null(mspace_malloc(space, 90 * (size_t)MIB));
    size_t reserved = stats.reserved;
    strata_heap_stats_get(space, &stats);
    assert_int_equal(stats.reserved, reserved);
    destroy_mspace(space);
}

static void create_with_an_absurd_capacity_fails(void **state)
{
    (void)state;
    assert_null(create_mspace(SIZE_MAX, 0));
    assert_null(create_mspace(SIZE_MAX - 4096, 0));
    assert_null(create_mspace((size_t)PTRDIFF_MAX, 0));
}

static void destroy_returns_what_was_held(void **state)
{
    (void)state;
    mspace space = create_mspace(0, 0);
    for (size_t size = 1; size < 50 * (size_t)MIB; size *= 3) assert_non_null(mspace_malloc(space, size));
    size_t held = mspace_footprint(space);
    assert_true(held > 50 * (size_t)MIB);
    assert_int_equal(destroy_mspace(space), held);
}

/* Pages of the process's address space and of its memory. */
static void pages(size_t *mapped, size_t *resident)
{
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%zu %zu", mapped, resident), 2);
    fclose(file);
}

static void destroy_leaks_nothing(void **state)
{
    (void)state;
    size_t mapped, resident, mapped_after, resident_after;
    for (int round = 0; round < 100; round++) {
        if (round == 10) pages(&mapped, &resident);
        mspace space = create_mspace(0, 1);
        assert_non_null(space);
        mspace_track_large_chunks(space, round % 2);
        for (int i = 0; i < 20; i++) memset(mspace_malloc(space, 10000), 1, 10000);
        for (int i = 0; i < 3; i++) memset(mspace_malloc(space, 40 * (size_t)MIB), 1, 100000);
        destroy_mspace(space);
    }
    pages(&mapped_after, &resident_after);
    assert_true(mapped_after <= mapped + 256);
    assert_true(resident_after <= resident + 256);
}

static void many_live_at_once_and_apart(void **state)
{
    (void)state;
    enum { count = 100 };
    static mspace space[count];
    static void *mem[count][20];
    for (unsigned s = 0; s < count; s++) {
        space[s] = create_mspace(0, 0);
        assert_non_null(space[s]);
    }
    for (unsigned i = 0; i < 20; i++)
        for (unsigned s = 0; s < count; s++) {
            mem[s][i] = mspace_malloc(space[s], i * 100);
            fill(mem[s][i], i * 100, s + i);
        }
    for (unsigned s = 0; s < count; s += 2) destroy_mspace(space[s]);
    for (unsigned s = 1; s < count; s += 2) {
        for (unsigned i = 0; i < 20; i++) {
            assert_true(is_filled(mem[s][i], i * 100, s + i));
            mspace_free(space[s], mem[s][i]);
        }
        assert_int_equal(strata_heap_check(space[s], NULL), 0);
        destroy_mspace(space[s]);
    }
}

static void bulk_free_leaves_blocks_of_others(void **state)
{
    (void)state;
    mspace one = create_mspace(0, 0), two = create_mspace(0, 0);
    void *mem[20], *kept[20];
    for (unsigned i = 0; i < 20; i++) {
        kept[i] = mem[i] = mspace_malloc(i % 2 ? two : one, 500);
        fill(mem[i], 500, i);
    }
    assert_int_equal(mspace_bulk_free(one, mem, 20), 10);
    for (unsigned i = 0; i < 20; i++) {
        assert_ptr_equal(mem[i], i % 2 ? kept[i] : NULL);
        if (i % 2) assert_true(is_filled(mem[i], 500, i));
    }
    assert_int_equal(mspace_bulk_free(two, mem, 20), 0);
    destroy_mspace(one);
    destroy_mspace(two);
}

static void track_tells_what_was_set_before(void **state)
{
    (void)state;
    mspace space = create_mspace(0, 0), other = create_mspace(0, 0);
    assert_int_equal(mspace_track_large_chunks(space, 1), 0);
    assert_int_equal(mspace_track_large_chunks(space, 1), 1);
    assert_int_equal(mspace_track_large_chunks(space, 7), 1);
    assert_int_equal(mspace_track_large_chunks(other, 0), 0);
    assert_int_equal(mspace_track_large_chunks(space, 0), 1);
    assert_int_equal(mspace_track_large_chunks(space, 0), 0);
    destroy_mspace(space);
    destroy_mspace(other);
}

static void usable_size_needs_no_mspace(void **state)
{
    (void)state;
    static char base[64 * KIB];
    mspace on_base = create_mspace_with_base(base, sizeof base, 0), other = create_mspace(0, 0);
    for (size_t size = 0; size < 20000; size = size * 2 + 1) {
        void *one = mspace_malloc(on_base, size), *two = mspace_malloc(other, size);
        assert_true(mspace_usable_size(one) >= size && mspace_usable_size(one) < size + 64);
        assert_true(mspace_usable_size(two) >= size && mspace_usable_size(two) < size + 64);
    }
    /* Nor where the one on a base has grown beyond it. */
    void *large = mspace_malloc(on_base, LARGE), *above = mspace_malloc(on_base, LARGE);
    assert_true(mspace_usable_size(large) >= LARGE && mspace_usable_size(large) < LARGE + 64);
    mspace_free(on_base, large);
    assert_int_equal(mspace_usable_size(large), 0);
    assert_true(mspace_usable_size(above) >= LARGE);
    destroy_mspace(on_base);
    destroy_mspace(other);
}

/* ---- on memory of the caller's ---- */

static void base_of_1040_bytes_will_do(void **state)
{
    (void)state;
    static max_align_t memory[1040 / sizeof(max_align_t) + 1];
    memset(memory, 0xa7, sizeof memory);
    mspace space = create_mspace_with_base(memory, 1040, 0);
    assert_non_null(space);
    assert_true(mspace_set_footprint_limit(space, 1040) >= 1040);
    char *mem = mspace_malloc(space, 1);
    assert_non_null(mem);
    assert_true(mem > (char *)memory && mem + mspace_usable_size(mem) <= (char *)memory + 1040);
    memset(mem, 0xff, mspace_usable_size(mem));
    int count = 1;
    while (count < 1000 && mspace_malloc(space, 1) != NULL) count++;
    assert_true(count < 1040 / (4 * (int)sizeof(void *)));
    mspace_free(space, mem);
    assert_ptr_equal(mspace_malloc(space, 1), mem);
    assert_int_equal(destroy_mspace(space), 0);
}

static void base_that_is_too_small_is_refused(void **state)
{
    (void)state;
    static char memory[2000];
    for (size_t size = 0; size < 300; size++) assert_null(create_mspace_with_base(memory, size, 0));
    assert_true(is_zero(memory, sizeof memory));
    for (size_t size = 300; size < 1040; size++) {
        mspace space = create_mspace_with_base(memory, size, 0);
        assert_true(is_zero(memory + size, sizeof memory - size));
        if (space == NULL) continue;
        mspace_set_footprint_limit(space, size);
        assert_non_null(mspace_malloc(space, 1));
        assert_true(is_zero(memory + size, sizeof memory - size));
        destroy_mspace(space);
    }
}

static void base_of_64_kib_holds_575_blocks_of_100(void **state)
{
    (void)state;
    static char memory[64 * KIB];
    void *mem[800];
    mspace space = create_mspace_with_base(memory, sizeof memory, 0);
    assert_non_null(space);
    assert_int_equal(mspace_footprint(space), sizeof memory);
    assert_int_equal(mspace_set_footprint_limit(space, sizeof memory), sizeof memory);
    assert_int_equal(mspace_footprint_limit(space), sizeof memory);
    for (int round = 0; round < 3; round++) {
        unsigned count = 0;
        errno = 0;
        while (count < 800 && (mem[count] = mspace_malloc(space, 100)) != NULL) {
            assert_true((char *)mem[count] >= memory && (char *)mem[count] + 100 <= memory + sizeof memory);
            fill(mem[count], 100, count);
            count++;
        }
        assert_int_equal(errno, ENOMEM);
        assert_true(count >= 575 && count < 656);
        for (unsigned i = 0; i < count; i++) assert_true(is_filled(mem[i], 100, i));
        assert_int_equal(mspace_bulk_free(space, mem, count), 0);
    }
    assert_int_equal(mspace_footprint(space), sizeof memory);
    assert_int_equal(mspace_max_footprint(space), sizeof memory);
    assert_int_equal(destroy_mspace(space), 0);
}

/* A cap at the size of the base makes the mspace fixed, whatever that size is. */
static void base_with_a_cap_never_grows(void **state)
{
    (void)state;
    static char memory[200 * KIB];
    static const size_t sizes[] = {1040, 5000, 40000, 64 * KIB + 16, 100000, 150001};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        mspace space = create_mspace_with_base(memory, sizes[i], 1);
        assert_non_null(space);
        mspace_set_footprint_limit(space, sizes[i]);
        for (size_t size = 2 * sizes[i]; size > 0; size /= 2) {
            char *mem;
            while ((mem = mspace_malloc(space, size)) != NULL)
                assert_true(mem > memory && mem + size <= memory + sizes[i]);
        }
        assert_true(mspace_footprint(space) <= sizes[i]);
        assert_int_equal(destroy_mspace(space), 0);
    }
}

static void base_without_a_cap_grows_from_the_host(void **state)
{
    (void)state;
    static char memory[64 * KIB + 100];
    memset(memory, 0x5c, sizeof memory);
    mspace space = create_mspace_with_base(memory + 17, 64 * KIB, 1);
    size_t footprint = mspace_footprint(space);
    void *mem = mspace_malloc(space, MIB);
    assert_non_null(mem);
    memset(mem, 1, MIB);
    assert_true(mspace_footprint(space) >= footprint + MIB);
    size_t freed = destroy_mspace(space);
    assert_true(freed >= MIB && freed < 3 * MIB);
    assert_true(memory[16] == 0x5c && memory[64 * KIB + 17] == 0x5c);
    memset(memory, 0, sizeof memory); /* ours again */
}

/* All of the memory within the base that is no record is used: nothing is lost by its alignment but
 * what that takes. */
static void base_may_begin_and_end_anywhere(void **state)
{
    (void)state;
    static char memory[20000];
    for (size_t offset = 0; offset < 20; offset++) {
        for (size_t size = 4000; size < 4020; size++) {
            memset(memory, 0x5c, sizeof memory);
            mspace space = create_mspace_with_base(memory + offset, size, 0);
            assert_non_null(space);
            mspace_set_footprint_limit(space, size);
            void *mem = mspace_malloc(space, 2800);
            assert_non_null(mem);
            memset(mem, 0xff, mspace_usable_size(mem));
            assert_int_equal(strata_heap_check(space, NULL), 0);
            destroy_mspace(space);
            for (size_t i = 0; i < offset; i++) assert_int_equal(memory[i], 0x5c);
            for (size_t i = offset + size; i < 5000; i++) assert_int_equal(memory[i], 0x5c);
        }
    }
}

static void limits_are_each_mspaces_own(void **state)
{
    (void)state;
    mspace one = create_mspace(0, 0), two = create_mspace(0, 0);
    mspace_set_footprint_limit(one, MIB);
    assert_no_memory(mspace_malloc(one, 2 * MIB));
    assert_non_null(mspace_malloc(two, 2 * MIB));
    assert_true(mspace_footprint_limit(two) == SIZE_MAX);
    assert_true(mspace_footprint(one) <= MIB);
    destroy_mspace(one);
    destroy_mspace(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_takes_little_and_grows_on_demand),
        cmocka_unit_test(create_with_a_capacity_has_it),
        cmocka_unit_test(create_with_an_absurd_capacity_fails),
        cmocka_unit_test(destroy_returns_what_was_held),
        cmocka_unit_test(destroy_leaks_nothing),
        cmocka_unit_test(many_live_at_once_and_apart),
        cmocka_unit_test(bulk_free_leaves_blocks_of_others),
        cmocka_unit_test(track_tells_what_was_set_before),
        cmocka_unit_test(usable_size_needs_no_mspace),
        cmocka_unit_test(base_of_1040_bytes_will_do),
        cmocka_unit_test(base_that_is_too_small_is_refused),
        cmocka_unit_test(base_of_64_kib_holds_575_blocks_of_100),
        cmocka_unit_test(base_with_a_cap_never_grows),
        cmocka_unit_test(base_without_a_cap_grows_from_the_host),
        cmocka_unit_test(base_may_begin_and_end_anywhere),
        cmocka_unit_test(limits_are_each_mspaces_own),
    };
    return cmocka_run_group_tests_name("mspaces", tests, NULL, NULL);
}
