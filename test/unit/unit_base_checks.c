/* SPDX-License-Identifier: MIT-0
 *
 * What happens when a sentence does not hold: it is said, and the process ends.
 */
#include "fake/testing.h"

#include "os/os.h"

static int setup(void **state)
{
    (void)state;
    os_fake_reset();
    return 0;
}

static void fail_an_assertion(void *context) { st_assert_failed(context); }

static void a_failed_assertion_says_its_sentence_and_stops(void **state)
{
    (void)state;
    char sentence[] = "pigs don't fly";
    assert_true(os_fake_stops(fail_an_assertion, sentence));
    assert_string_equal(os_fake_output(),
                        "strata: this should hold and does not: pigs don't fly\n");
}

static void assert_two_is_three(void *context)
{
    int two = *(int *)context;
    ST_ASSERT(two == 3, "two is three");
}

static void assertions_are_compiled_in_at_check_2(void **state)
{
    (void)state;
    int two = 2, three = 3;
    assert_int_equal(os_fake_stops(assert_two_is_three, &two), STRATA_CHECK >= 2);
    assert_false(os_fake_stops(assert_two_is_three, &three));
}

static void fail_without_hooks(void *context)
{
    st_base_hook = (st_base_hooks){NULL, NULL};
    st_assert_failed(context);
}

static void without_hooks_it_traps(void **state)
{
    (void)state;
    char sentence[] = "nobody hears this";
    assert_true(child_dies(fail_without_hooks, sentence));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_failed_assertion_says_its_sentence_and_stops, setup),
        cmocka_unit_test_setup(assertions_are_compiled_in_at_check_2, setup),
        cmocka_unit_test_setup(without_hooks_it_traps, setup),
    };
    return TESTING_RUN(tests);
}
