/* SPDX-License-Identifier: MIT-0
 *
 * Arithmetic on sizes and addresses, at the edges where it breaks.
 */
#include "fake/testing.h"

#include "base/bits.h"

static void powers_of_two_are_recognized(void **state)
{
    (void)state;
    assert_false(st_is_power_of_two(0));
    for (size_t bit = 1; bit != 0; bit <<= 1) {
        assert_true(st_is_power_of_two(bit));
        if (bit > 2) assert_false(st_is_power_of_two(bit - 1));
        if (bit > 1) assert_false(st_is_power_of_two(bit + 1));
    }
    assert_false(st_is_power_of_two(SIZE_MAX));
}

static void overflow_of_sums_is_told(void **state)
{
    (void)state;
    size_t sum = 1;
    assert_false(st_add_overflows(0, 0, &sum));
    assert_int_equal(sum, 0);
    assert_false(st_add_overflows(SIZE_MAX, 0, &sum));
    assert_true(sum == SIZE_MAX);
    assert_false(st_add_overflows(SIZE_MAX - 7, 7, &sum));
    assert_true(sum == SIZE_MAX);
    assert_true(st_add_overflows(SIZE_MAX, 1, &sum));
    assert_true(st_add_overflows(1, SIZE_MAX, &sum));
    assert_true(st_add_overflows(SIZE_MAX, SIZE_MAX, &sum));
}

static void overflow_of_differences_is_told(void **state)
{
    (void)state;
    size_t difference = 1;
    assert_false(st_sub_overflows(0, 0, &difference));
    assert_int_equal(difference, 0);
    assert_false(st_sub_overflows(SIZE_MAX, 1, &difference));
    assert_true(difference == SIZE_MAX - 1);
    assert_true(st_sub_overflows(0, 1, &difference));
    assert_true(difference == SIZE_MAX);
    assert_true(st_sub_overflows(1, SIZE_MAX, &difference));
}

static void overflow_of_products_is_told(void **state)
{
    (void)state;
    size_t product = 1;
    size_t half = (size_t)1 << (ST_WORD_BITS / 2);
    assert_false(st_mul_overflows(0, SIZE_MAX, &product));
    assert_int_equal(product, 0);
    assert_false(st_mul_overflows(SIZE_MAX, 0, &product));
    assert_false(st_mul_overflows(1, SIZE_MAX, &product));
    assert_true(product == SIZE_MAX);
    assert_false(st_mul_overflows(half, half - 1, &product));
    assert_true(product == half * (half - 1));
    assert_true(st_mul_overflows(half, half, &product));
    assert_true(st_mul_overflows(SIZE_MAX, 2, &product));
    assert_true(st_mul_overflows(SIZE_MAX / 2, 3, &product));
}

static void rounding_goes_to_the_step(void **state)
{
    (void)state;
    for (size_t step = 1; step <= 65536; step *= 2) {
        assert_int_equal(st_round_up(0, step), 0);
        assert_int_equal(st_round_down(0, step), 0);
        assert_int_equal(st_round_up(1, step), step);
        assert_int_equal(st_round_up(step, step), step);
        assert_int_equal(st_round_up(step + 1, step), step == 1 ? 2 : 2 * step);
        assert_int_equal(st_round_down(2 * step - 1, step), step);
    }
    assert_true(st_round_down(SIZE_MAX, 4096) == SIZE_MAX - 4095);
    assert_true(st_round_up(SIZE_MAX - 4095, 4096) == SIZE_MAX - 4095);
}

static void the_smaller_and_the_larger_are_chosen(void **state)
{
    (void)state;
    assert_int_equal(st_min(1, 2), 1);
    assert_int_equal(st_min(2, 1), 1);
    assert_int_equal(st_max(1, 2), 2);
    assert_int_equal(st_max(2, 1), 2);
    assert_true(st_max(SIZE_MAX, 0) == SIZE_MAX);
}

static void bits_are_found_from_both_ends(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        assert_int_equal(st_lowest_bit((uint32_t)1 << bit), bit);
        assert_int_equal(st_lowest_bit(UINT32_MAX << bit), bit);
    }
    for (unsigned bit = 0; bit < ST_WORD_BITS; bit++) {
        assert_int_equal(st_highest_bit((size_t)1 << bit), bit);
        assert_int_equal(st_highest_bit(SIZE_MAX >> (ST_WORD_BITS - 1 - bit)), bit);
    }
}

static void addresses_add_and_subtract(void **state)
{
    (void)state;
    char bytes[256];
    assert_ptr_equal(st_at(bytes, 7), bytes + 7);
    assert_ptr_equal(st_at(bytes + 7, (size_t)0 - 7), bytes);
    assert_int_equal(st_distance(bytes, bytes + 255), 255);
    assert_true(st_addr(bytes + 1) == st_addr(bytes) + 1);
    char *aligned = (char *)st_round_up(st_addr(bytes), 64);
    assert_true(st_is_aligned(aligned, 64));
    assert_true(st_is_aligned(aligned + 8, 8));
    assert_false(st_is_aligned(aligned + 8, 16));
    assert_true(st_is_aligned(aligned + 1, 1));
    assert_true(st_is_aligned(NULL, 4096));
}

static void bytes_are_copied_and_filled(void **state)
{
    (void)state;
    char from[40], to[40];
    for (int i = 0; i < 40; i++) from[i] = (char)i;
    memset(to, 'x', sizeof to);
    st_copy(to + 1, from, 38);
    assert_int_equal(to[0], 'x');
    assert_memory_equal(to + 1, from, 38);
    assert_int_equal(to[39], 'x');
    st_fill(to + 2, 0xab, 3);
    assert_int_equal(to[1], 0);
    assert_memory_equal(to + 2, "\xab\xab\xab", 3);
    assert_int_equal(to[5], 4);
    st_fill(to, 1, 0);
    assert_int_equal(to[0], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(powers_of_two_are_recognized),
        cmocka_unit_test(overflow_of_sums_is_told),
        cmocka_unit_test(overflow_of_differences_is_told),
        cmocka_unit_test(overflow_of_products_is_told),
        cmocka_unit_test(rounding_goes_to_the_step),
        cmocka_unit_test(the_smaller_and_the_larger_are_chosen),
        cmocka_unit_test(bits_are_found_from_both_ends),
        cmocka_unit_test(addresses_add_and_subtract),
        cmocka_unit_test(bytes_are_copied_and_filled),
    };
    return TESTING_RUN(tests);
}
