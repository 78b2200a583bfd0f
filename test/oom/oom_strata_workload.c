/* SPDX-License-Identifier: MIT-0
 *
 * A program that touches every way to and from the host, with each call of it failing in turn
 * (oom/workload.h). What threads keep for themselves has one of its own: oom_strata_threads.c.
 */
#include "oom/workload.h"

static const script_op oom_workload[] = {
    /* The first growth, and small blocks through all sources. */
    TAKE(0, 1),
    TAKE(1, 40),
    ZERO(2, 10, 100),
    TAKE(3, 600),
    TAKE(4, 5000),
    GIVE(1),
    GIVE(3),
    TAKE(5, 30),
    TAKE(6, 40),
    RESIZE(4, 9000),
    RESIZE(2, 10),
    GIVE(5),
    TAKE(7, 480),
    /* Growth of top in its segment, past it, and by a block larger than a segment. */
    TAKE(10, 50 * KIB),
    TAKE(11, 50 * KIB),
    ZERO(12, 3, 20 * KIB),
    TAKE(13, 60 * KIB),
    TAKE(14, 60 * KIB),
    RESIZE(14, 63 * KIB),
    TAKE(15, 300 * KIB),
    RESIZE(15, 350 * KIB),
    GIVE(11),
    ZERO(11, 5, 10 * KIB),
    TAKE(16, 120 * KIB),
    RESIZE(16, 130 * KIB),
    /* Aligned blocks, small and big. */
    ALIGN(20, 256, 100),
    ALIGN(21, 4 * KIB, 5000),
    ALIGN(22, 64 * KIB, 90 * KIB),
    ALIGN(23, MIB, 10),
    GIVE(21),
    ALIGN(21, 16 * KIB, 30 * KIB),
    /* Mappings of their own: fresh, aligned, resized in place and moved, cached, reused. */
    TAKE(30, MIB),
    ZERO(31, 3, 500 * KIB),
    TAKE(32, 2 * MIB),
    RESIZE(30, MIB + 300 * KIB),
    RESIZE(32, 3 * MIB),
    RESIZE(31, 4 * MIB),
    RESIZE(32, MIB),
    ALIGN(33, 2 * MIB, MIB),
    GIVE(30),
    TAKE(30, MIB),
    RESIZE(30, 20 * KIB),
    RESIZE(4, 700 * KIB),
    GIVE(31),
    GIVE(32),
    /* Back to the host, and again. */
    GIVE(10),
    GIVE(12),
    GIVE(14),
    GIVE(15),
    TRIM(0),
    TAKE(40, 200 * KIB),
    GIVE(13),
    GIVE(16),
    GIVE(22),
    TRIM(10 * KIB),
    TAKE(41, 30 * KIB),
    ZERO(42, 2, 700 * KIB),
    GIVE(41),
    GIVE(40),
    TRIM(0),
    TAKE(43, 100),
};

static oom_case case_of(const char *name)
{
    return usual_case(name, oom_workload, TESTING_COUNT(oom_workload));
}

static void each_call_of_the_host_may_fail(void **state)
{
    (void)state;
    oom_case c = case_of("usual");
    fail_each_alone_and_with_all_later(&c);
}

static void each_call_may_fail_with_the_options_as_declared(void **state)
{
    (void)state;
    static script usual;
    script_init(&usual);
    oom_case c = case_of("as declared");
    c.setup = usual.setup;
    fail_each_alone_and_with_all_later(&c);
}

static void each_call_may_fail_where_top_can_not_grow(void **state)
{
    (void)state;
    oom_case c = case_of("no reserve_at");
    c.setup.host.refuses_reserve_at = true;
    c.setup.quick_limit = 0;
    fail_each_alone_and_with_all_later(&c);
}

static void each_call_may_fail_with_large_pages(void **state)
{
    (void)state;
    oom_case c = case_of("64 KiB pages");
    c.setup.host.page_size = 64 * KIB;
    fail_each_alone_and_with_all_later(&c);
}

static void each_call_may_fail_on_a_host_that_can_little(void **state)
{
    (void)state;
    oom_case c = case_of("poor host");
    c.setup.host.refuses_purge = true;
    c.setup.host.refuses_decommit = true;
    c.setup.host.refuses_resize = true;
    c.setup.host.refuses_move = true;
    c.setup.direct_cache = 0;
    fail_each_alone_and_with_all_later(&c);
}

/* The heap begins just below the end of what a leaf of the page map covers. */
static void each_call_may_fail_where_the_page_map_grows(void **state)
{
    (void)state;
    oom_case c = case_of("two leaves");
    size_t leaf_span = ST_WORD_BITS > 32 ? (size_t)1 << 34 : (size_t)1 << 26;
    c.setup.host.floor = leaf_span - 4 * MIB - 192 * KIB;
    fail_each_alone_and_with_all_later(&c);
    c.setup.host.floor = leaf_span - 5 * MIB - 192 * KIB;
    c.setup.host.refuses_resize = true;
    fail_each_alone_and_with_all_later(&c);
}

/* All but release, so that the host's account is checked to the byte. */
static void no_failure_leaves_memory_that_is_not_accounted_for(void **state)
{
    (void)state;
    oom_case c = case_of("no release");
    c.kinds = OS_FAKE_ANY & ~OS_FAKE_ONLY(release);
    fail_each_alone_and_with_all_later(&c);
}

/* The host has only so much memory, and the program finds it when it is needed most. */
static void memory_may_run_out_at_any_size(void **state)
{
    (void)state;
    for (size_t limit = 0; limit <= 20 * MIB; limit += 320 * KIB) {
        oom_case c = case_of("limited");
        c.setup.host.memory_limit = limit + 64 * KIB;
        c.nth = SIZE_MAX;
        child_end end = child_run(oom_run, &c, false);
        if (end.was_killed || end.code > 1) fail_msg("a limit of %zu bytes", limit + 64 * KIB);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_call_of_the_host_may_fail),
        cmocka_unit_test(each_call_may_fail_with_the_options_as_declared),
        cmocka_unit_test(each_call_may_fail_where_top_can_not_grow),
        cmocka_unit_test(each_call_may_fail_with_large_pages),
        cmocka_unit_test(each_call_may_fail_on_a_host_that_can_little),
        cmocka_unit_test(each_call_may_fail_where_the_page_map_grows),
        cmocka_unit_test(no_failure_leaves_memory_that_is_not_accounted_for),
        cmocka_unit_test(memory_may_run_out_at_any_size),
    };
    return TESTING_RUN(tests);
}
