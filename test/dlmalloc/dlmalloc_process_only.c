/* SPDX-License-Identifier: MIT-0
 *
 * What only the process's heap has: posix_memalign, valloc, pvalloc; and its figures before the first
 * use.
 */
#include "dl_test.h"

/* Filled by main before anything else. */
static dlmallinfo_t at_first;

/* Memory may be held already, for the program's start, but no block. */
static void mallinfo_counts_nothing_before_the_first_use(void **state)
{
    (void)state;
    assert_int_equal(at_first.ordblks, 0);
    assert_int_equal(at_first.hblks, 0);
    assert_int_equal(at_first.hblkhd, 0);
    assert_int_equal(at_first.uordblks, 0);
    assert_int_equal(at_first.fordblks, 0);
    assert_int_equal(at_first.keepcost, 0);
    assert_true(at_first.usmblks == at_first.arena && at_first.arena < MIB);
}

static void posix_memalign_aligns(void **state)
{
    (void)state;
    for (size_t alignment = sizeof(void *); alignment <= 4 * MIB; alignment *= 2) {
        for (size_t size = 0; size < MIB; size = size * 7 + 1) {
            void *mem = NULL;
            errno = 77;
            assert_int_equal(dlposix_memalign(&mem, alignment, size), 0);
            assert_int_equal(errno, 77);
            assert_non_null(mem);
            assert_true(is_multiple_of(mem, alignment));
            assert_true(dlmalloc_usable_size(mem) >= size);
            memset(mem, 1, size);
            dlfree(mem);
        }
    }
}

static void posix_memalign_refuses_other_alignments(void **state)
{
    (void)state;
    static const size_t wrong[] = {0, 1, 2, sizeof(void *) / 2, 3, 9, 12, 24, 40, 48, 4097, SIZE_MAX, SIZE_MAX / 2 + 9};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        void *mem = &mem;
        assert_int_equal(dlposix_memalign(&mem, wrong[i], 100), EINVAL);
        assert_ptr_equal(mem, &mem);
    }
}

static void posix_memalign_that_fails_leaves_the_result(void **state)
{
    (void)state;
    void *mem = &mem;
    assert_int_equal(dlposix_memalign(&mem, 64, SIZE_MAX), ENOMEM);
    assert_int_equal(dlposix_memalign(&mem, 64, SIZE_MAX - 64), ENOMEM);
    assert_int_equal(dlposix_memalign(&mem, SIZE_MAX / 2 + 1, 1), ENOMEM);
    assert_ptr_equal(mem, &mem);
}

static void valloc_and_pvalloc_begin_at_pages(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t size = 0; size < 100000; size = size * 3 + 1) {
        void *one = dlvalloc(size), *two = dlpvalloc(size);
        assert_non_null(one);
        assert_non_null(two);
        assert_true(is_multiple_of(one, page));
        assert_true(is_multiple_of(two, page));
        assert_true(dlmalloc_usable_size(one) >= size);
        assert_true(dlmalloc_usable_size(two) >= (size + page - 1) / page * page);
        memset(two, 1, dlmalloc_usable_size(two));
        dlfree(one);
        dlfree(two);
    }
    assert_no_memory(dlvalloc(SIZE_MAX));
    assert_no_memory(dlvalloc(SIZE_MAX - page));
}

#if !STRATA_TINY /* which has no map to find it with */
/* A block of an mspace can be freed and resized like any other, but one in memory of the caller's. */
static void free_and_realloc_find_the_mspace_of_a_block(void **state)
{
    (void)state;
    mspace space = create_mspace(0, 1);
    void *mem = mspace_malloc(space, 3000), *other = mspace_malloc(space, 40);
    size_t in_use = mspace_mallinfo(space).uordblks;
    fill(mem, 3000, 1);
    mem = dlrealloc(mem, 100000);
    assert_non_null(mem);
    assert_true(is_filled(mem, 3000, 1));
    assert_true(mspace_mallinfo(space).uordblks > in_use);
    assert_true(dlmalloc_usable_size(mem) >= 100000);
    dlfree(mem);
    dlfree(other);
    assert_int_equal(mspace_mallinfo(space).uordblks, 0);
    destroy_mspace(space);
}
#endif

int main(void)
{
    at_first = dlmallinfo();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mallinfo_counts_nothing_before_the_first_use),
        cmocka_unit_test(posix_memalign_aligns),
        cmocka_unit_test(posix_memalign_refuses_other_alignments),
        cmocka_unit_test(posix_memalign_that_fails_leaves_the_result),
        cmocka_unit_test(valloc_and_pvalloc_begin_at_pages),
#if !STRATA_TINY
        cmocka_unit_test(free_and_realloc_find_the_mspace_of_a_block),
#endif
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
