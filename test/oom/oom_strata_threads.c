/* SPDX-License-Identifier: MIT-0
 *
 * Threads with caches of their own, on a host of which each call fails in turn (oom/workload.h): small
 * and medium blocks, freed by who took them and by others, threads that end and come, magazines that
 * grow, go and come back.
 */
#include "oom/workload.h"

static const script_op oom_threads[] = {
    /* Small blocks: several slabs of a class, magazines that fill and grow. */
    TAKE_16(50, 1000),
    TAKE_16(66, 1000),
    TAKE_16(82, 1000),
    TAKE_16(98, 1000),
    TAKE_16(114, 1000),
    ALIGN(130, 512, 300),
    ZERO(131, 7, 100),
    RESIZE(131, 40),
    RESIZE(131, 1500),
    RESIZE(131, 900),
    GIVE_16(66),
    GIVE_16(82),
    GIVE_16(98),
    /* Threads: caches of their own, blocks that others free, ends, shelves. */
    THREAD(1),
    TAKE_4(66, 24),
    TAKE(82, 3000),
    GIVE_16(114),
    GIVE_16(50),
    THREAD(2),
    TAKE(83, 10),
    GIVE_4(66),
    GIVE(82),
    TAKE(82, 2900),
    GIVE(130),
    LEAVE(1),
    THREAD(1),
    TAKE_4(66, 200),
    LEAVE(2),
    GIVE_4(66),
    /* Without magazines, and with them again. */
    LIMIT(0),
    TAKE(66, 70),
    GIVE(66),
    LIMIT(64 * KIB),
    TAKE_4(66, 70),
    THREAD(0),
    GIVE_4(66),
    GIVE(82),
    GIVE(83),
    WAIT(5000),
    TRIM(0),
    TAKE(132, 64),
};

static oom_case case_of(const char *name)
{
    return usual_case(name, oom_threads, TESTING_COUNT(oom_threads));
}

static void each_call_of_the_host_may_fail(void **state)
{
    (void)state;
    oom_case c = case_of("usual");
    fail_each_alone_and_with_all_later(&c);
}

static void each_call_may_fail_without_magazines(void **state)
{
    (void)state;
    oom_case c = case_of("no magazines");
    c.setup.magazine_limit = 0;
    fail_each_alone_and_with_all_later(&c);
}

static void each_call_may_fail_where_ends_of_threads_are_not_told(void **state)
{
    (void)state;
    oom_case c = case_of("no ends");
    c.setup.host.refuses_watch = true;
    fail_each_alone_and_with_all_later(&c);
}

static void each_call_may_fail_on_a_host_that_can_little(void **state)
{
    (void)state;
    oom_case c = case_of("poor host");
    c.setup.host.page_size = 64 * KIB;
    c.setup.host.refuses_reserve_at = true;
    c.setup.host.refuses_purge = true;
    c.setup.host.refuses_decommit = true;
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

/* The first run of slices with its tables is more than half a MiB. */
static void memory_may_run_out_at_any_size(void **state)
{
    (void)state;
    for (size_t limit = 0; limit <= 4 * MIB; limit += 64 * KIB) {
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
        cmocka_unit_test(each_call_may_fail_without_magazines),
        cmocka_unit_test(each_call_may_fail_where_ends_of_threads_are_not_told),
        cmocka_unit_test(each_call_may_fail_on_a_host_that_can_little),
        cmocka_unit_test(no_failure_leaves_memory_that_is_not_accounted_for),
        cmocka_unit_test(memory_may_run_out_at_any_size),
    };
    return TESTING_RUN(tests);
}
