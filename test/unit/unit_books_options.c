/* SPDX-License-Identifier: MIT-0
 *
 * The table of options: each described, found by exactly its name, kept in its range.
 */
#include "fake/testing.h"

#include "books/options.h"

static void values_begin_as_declared(void **state)
{
    (void)state;
    for (unsigned id = 0; id < st_option_count; id++) {
        const st_option_info *info = st_option_describe((st_option_id)id);
        assert_true(info->minimum <= info->initial && info->initial <= info->maximum);
        assert_true(st_options.value[id] == info->initial);
        assert_true(info->name[0] != '\0' && info->unit[0] != '\0');
        size_t length = strlen(info->sentence);
        assert_true(length > 1 && info->sentence[length - 1] == '.');
    }
    assert_true(st_option(quick_limit) == 64 * ST_KIB);
    assert_true(st_option(on_misuse) == 0);
}

static void each_is_found_by_its_name_alone(void **state)
{
    (void)state;
    for (unsigned id = 0; id < st_option_count; id++) {
        const char *name = st_option_describe((st_option_id)id)->name;
        size_t length = strlen(name);
        assert_int_equal(st_option_find(name, length), id);
        assert_int_equal(st_option_find(name, length - 1), st_option_count);
        assert_int_equal(st_option_find(name, length + 1), st_option_count);
    }
    assert_int_equal(st_option_find("", 0), st_option_count);
    assert_int_equal(st_option_find("quick_limit=7", 11), st_option_id_quick_limit);
    assert_int_equal(st_option_find("Quick_limit", 11), st_option_count);
}

static void a_value_out_of_range_changes_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < st_option_count; i++) {
        st_option_id id = (st_option_id)i;
        const st_option_info *info = st_option_describe(id);
        assert_true(st_option_set(id, info->minimum));
        assert_true(st_options.value[id] == info->minimum);
        assert_true(st_option_set(id, info->maximum));
        assert_true(st_options.value[id] == info->maximum);
        if (info->minimum > 0) assert_false(st_option_set(id, info->minimum - 1));
        if (info->maximum < SIZE_MAX) assert_false(st_option_set(id, info->maximum + 1));
        assert_true(st_options.value[id] == info->maximum);
        assert_true(st_option_set(id, info->initial));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_begin_as_declared),
        cmocka_unit_test(each_is_found_by_its_name_alone),
        cmocka_unit_test(a_value_out_of_range_changes_nothing),
    };
    return TESTING_RUN(tests);
}
