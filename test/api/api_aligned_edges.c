/* SPDX-License-Identifier: MIT-0
 *
 * The aligned functions at every edge of their arguments. None may hang, however odd the
 * alignment, and posix_memalign touches neither its result nor errno when it fails.
 */
#include "api/names.h"

#include <unistd.h>

static const size_t aligned_sizes[] = {0,    1,     8,     24,     100,    512,    1000,
                                       4096, 10000, 65536, 100000, 262144, 5000000};

static const size_t top_bit = ~(SIZE_MAX >> 1);

static void check_aligned(void *mem, size_t alignment, size_t size)
{
    assert_non_null(mem);
    assert_int_equal(address_of(mem) % alignment, 0);
    assert_int_equal(address_of(mem) % STRATA_BLOCK_ALIGNMENT, 0);
    assert_true(api_usable_size(mem) >= size);
    memset(mem, 0x3c, api_usable_size(mem));
}

static void every_power_of_two_is_honored(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= (size_t)8 << 20; alignment *= 2) {
        for (size_t idx = 0; idx < API_COUNT(aligned_sizes); idx++) {
            size_t size = aligned_sizes[idx];
            void *a = api_aligned_alloc(alignment, size);
            void *b = api_memalign(alignment, size);
            void *c = NULL;
            check_aligned(a, alignment, size);
            check_aligned(b, alignment, size);
            if (alignment >= sizeof(void *)) {
                assert_int_equal(api_posix_memalign(&c, alignment, size), 0);
                check_aligned(c, alignment, size);
            }
            api_free(b);
            api_free(a);
            api_free(c);
        }
    }
    assert_sound();
}

static void aligned_alloc_refuses_what_is_no_power_of_two(void **state)
{
    (void)state;
    const size_t odd[] = {
        0,   3,    5,           24,       sizeof(void *) - 1, sizeof(void *) + 1, 48,
        100, 4097, top_bit + 1, SIZE_MAX, SIZE_MAX - 1,       top_bit - 1};
    for (size_t idx = 0; idx < API_COUNT(odd); idx++) {
        errno = 0;
        assert_null(api_aligned_alloc(hidden(odd[idx]), 64));
        assert_int_equal(errno, EINVAL);
    }
}

static void memalign_raises_what_is_no_power_of_two(void **state)
{
    (void)state;
    static const size_t odd[][2] = {{0, 1},   {1, 1},     {3, 4},       {7, 8},        {24, 32},
                                    {33, 64}, {100, 128}, {4097, 8192}, {65535, 65536}};
    for (size_t idx = 0; idx < API_COUNT(odd); idx++) {
        void *mem = api_memalign(hidden(odd[idx][0]), 200);
        check_aligned(mem, odd[idx][1], 200);
        api_free(mem);
    }
    const size_t beyond[] = {top_bit + 1, top_bit + 4096, SIZE_MAX - 1, SIZE_MAX};
    for (size_t idx = 0; idx < API_COUNT(beyond); idx++) {
        errno = 0;
        assert_null(api_memalign(hidden(beyond[idx]), 8));
        assert_int_equal(errno, EINVAL);
    }
}

static void huge_alignments_are_refused(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 100, 100000, 5000000, PTRDIFF_MAX, SIZE_MAX};
    for (size_t alignment = top_bit; alignment >= top_bit / 4; alignment /= 2) {
        for (size_t idx = 0; idx < API_COUNT(sizes); idx++) {
            errno = 0;
            assert_null(api_aligned_alloc(hidden(alignment), hidden(sizes[idx])));
            assert_int_equal(errno, ENOMEM);
            errno = 0;
            assert_null(api_memalign(hidden(alignment), hidden(sizes[idx])));
            assert_int_equal(errno, ENOMEM);
            void *result = &errno;
            assert_int_equal(api_posix_memalign(&result, hidden(alignment), hidden(sizes[idx])),
                             ENOMEM);
            assert_ptr_equal(result, &errno);
        }
    }
    assert_sound();
}

static void huge_sizes_are_refused_at_any_alignment(void **state)
{
    (void)state;
    for (size_t alignment = 1; alignment <= (size_t)1 << 30; alignment *= 2) {
        for (size_t less = 0; less < 70000; less = less * 2 + 1) {
            errno = 0;
            assert_null(api_aligned_alloc(alignment, hidden(SIZE_MAX - less)));
            assert_int_equal(errno, ENOMEM);
            errno = 0;
            assert_null(api_memalign(alignment, hidden((size_t)PTRDIFF_MAX - less)));
            assert_int_equal(errno, ENOMEM);
        }
    }
    assert_sound();
}

static void posix_memalign_fails_without_a_trace(void **state)
{
    (void)state;
    const size_t invalid[] = {0,
                              1,
                              2,
                              3,
                              sizeof(void *) - 1,
                              sizeof(void *) / 2,
                              sizeof(void *) + 1,
                              sizeof(void *) * 3,
                              24,
                              100,
                              top_bit + 8,
                              SIZE_MAX};
    int marker = 0;
    for (size_t idx = 0; idx < API_COUNT(invalid); idx++) {
        void *result = &marker;
        errno = 7777;
        assert_int_equal(api_posix_memalign(&result, hidden(invalid[idx]), 64), EINVAL);
        assert_ptr_equal(result, &marker);
        assert_int_equal(errno, 7777);
    }
    static const size_t impossible[] = {SIZE_MAX, SIZE_MAX - 64, PTRDIFF_MAX,
                                        (size_t)PTRDIFF_MAX + 1};
    for (size_t idx = 0; idx < API_COUNT(impossible); idx++) {
        for (size_t alignment = sizeof(void *); alignment <= 4096; alignment *= 8) {
            void *result = &marker;
            errno = 7777;
            assert_int_equal(api_posix_memalign(&result, alignment, hidden(impossible[idx])),
                             ENOMEM);
            assert_ptr_equal(result, &marker);
            assert_int_equal(errno, 7777);
        }
    }
}

static void posix_memalign_gives_unique_blocks_for_size_zero(void **state)
{
    (void)state;
    void *a = NULL, *b = NULL;
    assert_int_equal(api_posix_memalign(&a, 64, hidden(0)), 0);
    assert_int_equal(api_posix_memalign(&b, 64, hidden(0)), 0);
    assert_non_null(a);
    assert_non_null(b);
    assert_ptr_not_equal(a, b);
    api_free(a);
    api_free(b);
}

static void valloc_and_pvalloc_give_pages(void **state)
{
    (void)state;
    size_t page_size = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t idx = 0; idx < API_COUNT(aligned_sizes); idx++) {
        size_t size = aligned_sizes[idx];
        void *a = api_valloc(size);
        void *b = api_pvalloc(size);
        check_aligned(a, page_size, size);
        check_aligned(b, page_size, (size + page_size - 1) / page_size * page_size);
        api_free(a);
        api_free(b);
    }
    for (size_t less = 0; less < page_size * 4; less += 97) {
        errno = 0;
        assert_null(api_pvalloc(hidden(SIZE_MAX - less)));
        assert_int_equal(errno, ENOMEM);
        errno = 0;
        assert_null(api_valloc(hidden(SIZE_MAX - less)));
        assert_int_equal(errno, ENOMEM);
    }
    assert_sound();
}

/* The pieces cut off around aligned blocks must be reusable. */
static void aligned_blocks_leave_no_holes(void **state)
{
    (void)state;
    enum { block_count = 200 };
    void *blocks[block_count];
    size_t footprint = 0;
    for (unsigned round = 0; round < 20; round++) {
        for (size_t idx = 0; idx < block_count; idx++) {
            blocks[idx] = api_memalign((size_t)32 << idx % 8, 10 + idx * 7);
            assert_non_null(blocks[idx]);
        }
        for (size_t idx = 0; idx < block_count; idx++)
            api_free(blocks[(idx * 77) % block_count]);
        if (round == 4) footprint = strata_footprint();
    }
    assert_true(strata_footprint() <= footprint);
    assert_sound();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_power_of_two_is_honored),
        cmocka_unit_test(aligned_alloc_refuses_what_is_no_power_of_two),
        cmocka_unit_test(memalign_raises_what_is_no_power_of_two),
        cmocka_unit_test(huge_alignments_are_refused),
        cmocka_unit_test(huge_sizes_are_refused_at_any_alignment),
        cmocka_unit_test(posix_memalign_fails_without_a_trace),
        cmocka_unit_test(posix_memalign_gives_unique_blocks_for_size_zero),
        cmocka_unit_test(valloc_and_pvalloc_give_pages),
        cmocka_unit_test(aligned_blocks_leave_no_holes),
    };
    return API_RUN(tests);
}
