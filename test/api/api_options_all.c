/* SPDX-License-Identifier: MIT-0
 *
 * Run-time options through each of their doors: by name, as a struct, from text, described.
 */
#include "api/names.h"

static strata_options options_at_start;

static int restore_options(void **state)
{
    (void)state;
    return strata_options_set(&options_at_start);
}

static size_t option(const char *name)
{
    size_t value = 0;
    assert_int_equal(strata_option_get(name, &value), 0);
    return value;
}

/* One name a field of the struct, in its order. */
static const char *const option_names[] = {
    "direct_threshold", "direct_cache",   "trim_threshold", "trim_pad",
    "quick_limit",      "magazine_limit", "dirty_max",      "dirty_share",
    "purge_rate",       "purge_delay",    "segment_size",
    "spaces",           "on_misuse",      "on_foreign",
    "no_deepbind",      "report",
};

static void descriptions_are_complete(void **state)
{
    (void)state;
    strata_option_info info;
    unsigned count = 0;
    while (strata_option_describe(count, &info) == 1) {
        assert_string_equal(info.name, option_names[count]);
        assert_true(strlen(info.unit) > 0);
        assert_true(strlen(info.sentence) > 20);
        assert_int_equal(info.sentence[strlen(info.sentence) - 1], '.');
        assert_true(info.minimum <= info.initial);
        assert_true(info.initial <= info.maximum);
        assert_int_equal(info.value, option(info.name));
        count++;
    }
    assert_int_equal(count, API_COUNT(option_names));
    assert_int_equal(strata_option_describe(count, &info), 0);
    assert_int_equal(strata_option_describe(~0u, &info), 0);
}

static void the_struct_has_a_field_for_each_option(void **state)
{
    (void)state;
    strata_options options;
    assert_int_equal(sizeof options, sizeof(size_t) * (API_COUNT(option_names) + 1));
    strata_options_get(&options);
    assert_int_equal(options.size, sizeof options);
    for (size_t idx = 0; idx < API_COUNT(option_names); idx++) {
        assert_int_equal((&options.size)[idx + 1], option(option_names[idx]));
    }
}

static void limits_are_inclusive(void **state)
{
    (void)state;
    strata_option_info info;
    for (unsigned idx = 0; strata_option_describe(idx, &info); idx++) {
        assert_int_equal(strata_option_set(info.name, info.minimum), 0);
        assert_int_equal(option(info.name), info.minimum);
        assert_int_equal(strata_option_set(info.name, info.maximum), 0);
        assert_int_equal(option(info.name), info.maximum);
        if (info.minimum > 0) {
            assert_int_equal(strata_option_set(info.name, info.minimum - 1), EINVAL);
        }
        if (info.maximum < SIZE_MAX) {
            assert_int_equal(strata_option_set(info.name, info.maximum + 1), EINVAL);
        }
        assert_int_equal(option(info.name), info.maximum);
        assert_int_equal(strata_option_set(info.name, info.initial), 0);
    }
}

static void unknown_names_are_refused(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "", "x", "direct", "direct_threshold ", "Report", "on_misuse2", "STRATA_report"};
    size_t value = 77;
    for (size_t idx = 0; idx < API_COUNT(unknown); idx++) {
        assert_int_equal(strata_option_set(unknown[idx], 1), EINVAL);
        assert_int_equal(strata_option_get(unknown[idx], &value), EINVAL);
        assert_int_equal(value, 77);
    }
}

static void a_struct_is_set_as_a_whole_or_not_at_all(void **state)
{
    (void)state;
    strata_options options;
    strata_options_get(&options);
    options.trim_threshold = 12345;
    options.quick_limit = 23456;
    assert_int_equal(strata_options_set(&options), 0);
    assert_int_equal(option("trim_threshold"), 12345);
    assert_int_equal(option("quick_limit"), 23456);
    options.trim_threshold = 54321;
    options.report = 2;
    assert_int_equal(strata_options_set(&options), EINVAL);
    assert_int_equal(option("trim_threshold"), 12345);
    options.report = 0;
    options.size = sizeof options + 8;
    assert_int_equal(strata_options_set(&options), EINVAL);
    options.size = 0;
    assert_int_equal(strata_options_set(&options), EINVAL);
    assert_int_equal(option("trim_threshold"), 12345);
}

static void text_is_understood(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
        size_t value;
    } cases[] = {
        {"quick_limit=1000", "quick_limit", 1000},
        {"quick_limit=32k", "quick_limit", 32 << 10},
        {"trim_pad=0", "trim_pad", 0},
        {"trim_threshold=3m", "trim_threshold", 3 << 20},
        {"trim_threshold=1g", "trim_threshold", 1 << 30},
        {"trim_threshold=max", "trim_threshold", SIZE_MAX},
        {"trim_pad=4096,quick_limit=0", "quick_limit", 0},
        {"trim_pad=4096,quick_limit=0", "trim_pad", 4096},
        {"spaces=1", "spaces", 1},
    };
    for (size_t idx = 0; idx < API_COUNT(cases); idx++) {
        const char *bad = NULL;
        assert_int_equal(strata_options_parse(cases[idx].text, &bad), 0);
        assert_null(bad);
        assert_int_equal(option(cases[idx].name), cases[idx].value);
    }
    assert_int_equal(strata_options_parse("", NULL), 0);
}

static void what_is_not_understood_is_skipped_and_told(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "nonsense",
        "quick_limit",
        "quick_limit=",
        "quick_limit=x",
        "quick_limit=12x",
        "quick_limit=-1",
        "quick_limit=1kk",
        "quick_limit= 1",
        "=5",
        "report=2",
        "report=maximum",
        "on_misuse=18446744073709551617",
        "segment_size=1",
        "quick_limit=99999999999999999999999",
        "quick_limit=99999999999999g",
    };
    assert_int_equal(strata_option_set("quick_limit", 4444), 0);
    for (size_t idx = 0; idx < API_COUNT(texts); idx++) {
        const char *bad = NULL;
        assert_int_equal(strata_options_parse(texts[idx], &bad), 1);
        assert_ptr_equal(bad, texts[idx]);
        assert_int_equal(strata_options_parse(texts[idx], NULL), 1);
    }
    assert_int_equal(option("quick_limit"), 4444);
    assert_int_equal(option("report"), 0);
    static const char mixed[] = "trim_pad=1111,wrong=1,quick_limit=2222,also=2";
    const char *bad = NULL;
    assert_int_equal(strata_options_parse(mixed, &bad), 2);
    assert_ptr_equal(bad, strstr(mixed, "wrong"));
    assert_int_equal(option("trim_pad"), 1111);
    assert_int_equal(option("quick_limit"), 2222);
}

/* Options change what a heap does while it is in use; nothing may break by that. */
static void a_heap_in_use_survives_every_change(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "quick_limit=0",        "quick_limit=64k",  "direct_threshold=64k", "direct_cache=0",
        "direct_threshold=max", "trim_threshold=0", "trim_threshold=max",   "segment_size=64k",
        "purge_delay=0",        "dirty_max=0",      "spaces=1",         "trim_pad=0",           "direct_cache=max",
        "direct_threshold=4m",  "segment_size=64m", "magazine_limit=0",     "magazine_limit=1",
        "magazine_limit=16m",   "purge_delay=max",  "magazine_limit=4k",
    };
    void *blocks[32] = {NULL};
    for (size_t step = 0; step < 60 * API_COUNT(settings); step++) {
        if (step % 60 == 0) {
            assert_int_equal(strata_options_parse(settings[step / 60], NULL), 0);
            assert_sound();
        }
        size_t idx = step * 7 % API_COUNT(blocks);
        api_free(blocks[idx]);
        size_t size = (size_t)1 << (step * 5 % 22);
        blocks[idx] = api_malloc(size);
        assert_non_null(blocks[idx]);
        memset(blocks[idx], 0xff, size);
    }
    for (size_t idx = 0; idx < API_COUNT(blocks); idx++) api_free(blocks[idx]);
    assert_sound();
}

static strata_stats stats_now(void)
{
    strata_stats stats;
    strata_stats_get(&stats);
    return stats;
}

/* A small block of a space, in any build: what was larger and shrinks stays where it is. */
static void *small_block_of_a_space(void)
{
    void *mem = api_malloc(3000);
    assert_non_null(mem);
    mem = api_realloc(mem, 100);
    assert_non_null(mem);
    return mem;
}

/* The new limit holds from the call on, for what is kept already too. */
static void a_smaller_quick_limit_is_obeyed_at_once(void **state)
{
    (void)state;
    assert_int_equal(strata_option_set("quick_limit", 64 << 10), 0);
    void *blocks[40];
    for (size_t idx = 0; idx < API_COUNT(blocks); idx++) blocks[idx] = small_block_of_a_space();
    for (size_t idx = 0; idx < API_COUNT(blocks); idx++) api_free(blocks[idx]);
    assert_true(stats_now().quick > 0);
    assert_int_equal(strata_option_set("quick_limit", 0), 0);
    assert_int_equal(stats_now().quick, 0);
    api_free(small_block_of_a_space());
    assert_int_equal(stats_now().quick, 0);
    assert_int_equal(strata_options_parse("quick_limit=64k", NULL), 0);
    api_free(small_block_of_a_space());
    assert_true(stats_now().quick > 0);
    assert_sound();
}

/* The same, for what the calling thread keeps: small blocks, and medium ones. */
static void a_smaller_magazine_limit_is_obeyed_at_once(void **state)
{
    (void)state;
    static const size_t sizes[] = {10, 100, 1000, 2000, 20000};
    for (size_t idx = 0; idx < API_COUNT(sizes); idx++) {
        void *mem = api_malloc(sizes[idx]);
        assert_non_null(mem);
        api_free(mem);
        assert_int_equal(stats_now().kept > 0, STRATA_SLABS);
        assert_int_equal(strata_option_set("magazine_limit", 0), 0);
        assert_int_equal(stats_now().kept, 0);
        mem = api_malloc(sizes[idx]);
        assert_non_null(mem);
        assert_int_equal(stats_now().kept, 0);
        api_free(mem);
        assert_int_equal(stats_now().kept, 0);
        assert_int_equal(strata_option_set("magazine_limit", 64 << 10), 0);
    }
    assert_sound();
}

int main(void)
{
    strata_options_get(&options_at_start);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptions_are_complete),
        cmocka_unit_test(the_struct_has_a_field_for_each_option),
        cmocka_unit_test_teardown(limits_are_inclusive, restore_options),
        cmocka_unit_test(unknown_names_are_refused),
        cmocka_unit_test_teardown(a_struct_is_set_as_a_whole_or_not_at_all, restore_options),
        cmocka_unit_test_teardown(text_is_understood, restore_options),
        cmocka_unit_test_teardown(what_is_not_understood_is_skipped_and_told, restore_options),
        cmocka_unit_test_teardown(a_smaller_quick_limit_is_obeyed_at_once, restore_options),
        cmocka_unit_test_teardown(a_smaller_magazine_limit_is_obeyed_at_once, restore_options),
        cmocka_unit_test_teardown(a_heap_in_use_survives_every_change, restore_options),
    };
    return API_RUN(tests);
}
