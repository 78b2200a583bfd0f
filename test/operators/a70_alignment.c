/* SPDX-License-Identifier: MIT-0
 *
 * every block is aligned as the ABI asks, also one of 8 bytes; aligned blocks take any power of
 * two, also one larger than the block; realloc keeps what malloc promises.
 */
#include "api/names.h"

/* Of strata as it is built by default: 16 on 64-bit hosts. */
#ifdef STRATA_ALIGNMENT
#define A70_LEAST STRATA_ALIGNMENT
#else
#define A70_LEAST (2 * sizeof(void *))
#endif

static void check_least(const void *mem, size_t size)
{
    if (mem == NULL || address_of(mem) % A70_LEAST != 0) fail_msg("%zu bytes at %p", size, mem);
}

static void all_blocks_are_aligned(void **state)
{
    (void)state;
    if (sizeof(void *) == 8) assert_true(A70_LEAST >= 16);
    for (size_t size = 0; size < 70000; size += size < 3000 ? 1 : 97) {
        void *plain = api_malloc(size), *zero = api_calloc(size, 1);
        void *array = api_reallocarray(NULL, size, 1);
        check_least(plain, size);
        check_least(zero, size);
        check_least(array, size);
        api_free(plain);
        api_free(zero);
        api_free(array);
    }
    for (size_t idx = 0; idx < API_COUNT(api_border_sizes); idx++) {
        void *mem = api_malloc(api_border_sizes[idx]);
        check_least(mem, api_border_sizes[idx]);
        api_free(mem);
    }
}

static void realloc_keeps_the_alignment_of_malloc(void **state)
{
    (void)state;
    void *mem = api_malloc(1);
    void *aligned = api_aligned_alloc(4096, 8);
    for (unsigned round = 0; round < 20000; round++) {
        size_t size = (round * 7919u) % (round % 50 == 0 ? 3000000 : 5000);
        mem = api_realloc(mem, size);
        check_least(mem, size);
        aligned = api_realloc(aligned, size);
        check_least(aligned, size);
    }
    api_free(mem);
    api_free(aligned);
}

/* The host has not got addresses for the largest: then there is no memory, and nothing else. */
static void any_power_of_two_is_an_alignment(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 8, 100, 1025, 40000};
    size_t served = 0;
    for (unsigned bit = 0; bit <= 8 * sizeof(size_t) - 2; bit++) {
        size_t alignment = hidden((size_t)1 << bit);
        for (size_t idx = 0; idx < API_COUNT(sizes); idx++) {
            errno = 0;
            unsigned char *mem = api_aligned_alloc(alignment, sizes[idx]);
            if (mem == NULL) {
                assert_int_equal(errno, ENOMEM);
                assert_true(bit > 26);
                continue;
            }
            served++;
            assert_true(address_of(mem) % alignment == 0);
            assert_true(api_usable_size(mem) >= sizes[idx]);
            memset(mem, 0x70, sizes[idx]);
            api_free(mem);
        }
    }
    assert_true(served >= 27 * API_COUNT(sizes));
    assert_sound();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_blocks_are_aligned),
        cmocka_unit_test(realloc_keeps_the_alignment_of_malloc),
        cmocka_unit_test(any_power_of_two_is_an_alignment),
    };
    return API_RUN(tests);
}
