/* SPDX-License-Identifier: MIT-0
 *
 * The start and the end of a program: the environment is read, forks are prepared for, reports
 * are written.
 */
#include "fake/testing.h"

/* Its constructor must not find the program started, and nothing outside of it may call it. */
#ifndef STRATA_AMALGAMATION
#include "api/init.c"
#endif

#include "strata.h"

static int setup(void **state)
{
    (void)state;
    os_fake_clear_output();
    os_fake_configure(&os_fake_usual);
    os_fake_set_environment(NULL, NULL);
    for (unsigned id = 0; id < st_option_count; id++) {
        st_option_set((st_option_id)id, st_option_describe((st_option_id)id)->initial);
    }
    return 0;
}

static void start_with(const char *name, const char *value)
{
    os_fake_set_environment(name, value);
    st_store_relaxed(&st_os_started_flag, false);
    init_start();
    assert_true(st_os_is_started());
}

#if STRATA_ENVIRONMENT

static void the_environment_sets_options(void **state)
{
    (void)state;
    start_with("STRATA_OPTIONS", "quick_limit=1k,direct_cache=max,trim_pad=5");
    assert_int_equal(st_option(quick_limit), 1024);
    assert_true(st_option(direct_cache) == SIZE_MAX);
    assert_int_equal(st_option(trim_pad), 5);
    assert_string_equal(os_fake_output(), "");
}

static void what_is_no_option_is_told_and_skipped(void **state)
{
    (void)state;
    start_with("STRATA_OPTIONS", "quick_limit=7,no_such=1,trim_pad=6");
    assert_int_equal(st_option(quick_limit), 7);
    assert_int_equal(st_option(trim_pad), 6);
    assert_non_null(strstr(os_fake_output(), "no_such=1\n"));
}

static void a_privileged_program_does_not_listen(void **state)
{
    (void)state;
    os_fake_config config = os_fake_usual;
    config.is_privileged = true;
    os_fake_configure(&config);
    start_with("STRATA_OPTIONS", "quick_limit=1");
    assert_int_equal(st_option(quick_limit), 64 * ST_KIB);
    os_fake_set_environment("STRATA_REPORT", "/a/path");
    init_end();
    assert_string_equal(os_fake_appended(), "");
}

static void a_report_is_appended_at_the_end(void **state)
{
    (void)state;
    void *mem = strata_malloc(1000);
    os_fake_set_environment("STRATA_REPORT", "/a/path");
    init_end();
    assert_string_equal(os_fake_append_path(), "/a/path");
    const char *line = os_fake_appended();
    assert_int_equal(strncmp(line, "strata-report 1 pid=4711 ", 25), 0);
    assert_non_null(strstr(line, " program=fake-program"));
    assert_int_equal(line[strlen(line) - 1], '\n');
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
    strata_free(mem);
    os_fake_clear_output();
    os_fake_set_environment("STRATA_REPORT", "");
    init_end();
    assert_string_equal(os_fake_appended(), "");
}

static void statistics_are_written_at_the_end_if_asked_for(void **state)
{
    (void)state;
    init_end();
    assert_string_equal(os_fake_output(), "");
    st_option_set(st_option_id_report, 1);
    init_end();
    assert_non_null(strstr(os_fake_output(), "footprint"));
}

#else

static void the_environment_is_left_alone(void **state)
{
    (void)state;
    start_with("STRATA_OPTIONS", "quick_limit=1");
    assert_int_equal(st_option(quick_limit), 64 * ST_KIB);
}

#endif

#if STRATA_SLABS

static void without_ends_of_threads_there_are_no_caches(void **state)
{
    (void)state;
    os_fake_tell_ends(false);
    start_with(NULL, NULL);
    assert_int_equal(st_cache_limit, 0);
    assert_int_equal(st_shelf_range, 0);
    void *small = strata_malloc(10);
    void *medium = strata_malloc(5000);
    assert_int_equal(st_cache_count(), 0);
    strata_free(small);
    strata_free(medium);
    strata_stats stats;
    strata_stats_get(&stats);
    assert_int_equal(stats.kept, 0);
}

static void the_start_begins_caches_and_thread_ends_empty_them(void **state)
{
    (void)state;
    strata_stats stats;
    os_fake_tell_ends(true);
    start_with(NULL, NULL);
    assert_int_equal(st_cache_limit, ST_SLAB_LIMIT + 1);
    assert_int_equal(st_shelf_range, ST_SHELF_LIMIT - ST_SLAB_LIMIT);
    void *small = strata_malloc(10);
    void *medium = strata_malloc(5000);
    assert_int_equal(st_cache_count(), 1);
    strata_free(small);
    strata_free(medium);
    strata_stats_get(&stats);
    assert_true(stats.kept > 5000);
    assert_true(os_fake_end_thread());
    strata_stats_get(&stats);
    assert_int_equal(stats.kept, 0);
    assert_int_equal(stats.live, 0);
    assert_int_equal(strata_check(NULL), 0);
}

#endif

static void a_second_start_does_nothing(void **state)
{
    (void)state;
    os_fake_set_environment("STRATA_OPTIONS", "quick_limit=1");
    init_start();
    assert_int_equal(st_option(quick_limit), 64 * ST_KIB);
}

static void locks_are_held_around_a_fork(void **state)
{
    (void)state;
    os_fake_tell_ends(true);
    start_with(NULL, NULL);
    void *mem = strata_malloc(10);
    assert_true(os_fake_fork(os_fake_fork_prepare));
    if (STRATA_THREADS) assert_false(st_lock_try(&st_heap_space(0)->lock));
#if STRATA_SLABS
    assert_int_equal(st_cache_count(), 1);
    if (STRATA_THREADS) assert_false(st_lock_try(&st_cache_at(1)->depot.lock));
#endif
    assert_true(os_fake_fork(os_fake_fork_parent));
    strata_free(mem);
    mem = strata_malloc(10);
    assert_true(os_fake_fork(os_fake_fork_prepare));
    assert_true(os_fake_fork(os_fake_fork_child));
    strata_free(mem);
    assert_int_equal(strata_check(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if STRATA_ENVIRONMENT
        cmocka_unit_test_setup(the_environment_sets_options, setup),
        cmocka_unit_test_setup(what_is_no_option_is_told_and_skipped, setup),
        cmocka_unit_test_setup(a_privileged_program_does_not_listen, setup),
        cmocka_unit_test_setup(a_report_is_appended_at_the_end, setup),
        cmocka_unit_test_setup(statistics_are_written_at_the_end_if_asked_for, setup),
#else
        cmocka_unit_test_setup(the_environment_is_left_alone, setup),
#endif
#if STRATA_SLABS
        cmocka_unit_test_setup(without_ends_of_threads_there_are_no_caches, setup),
#endif
        cmocka_unit_test_setup(a_second_start_does_nothing, setup),
        cmocka_unit_test_setup(locks_are_held_around_a_fork, setup),
#if STRATA_SLABS
        /* The last one: this thread keeps nothing from then on. */
        cmocka_unit_test_setup(the_start_begins_caches_and_thread_ends_empty_them, setup),
#endif
    };
    return TESTING_RUN(tests);
}
