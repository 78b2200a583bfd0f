/* SPDX-License-Identifier: MIT-0
 *
 * A program that touches every way to and from the host is run again and again: each time the
 * next call of the host fails, alone or with all that follow, until no call is left to fail.
 * Each time what fails returns NULL and ENOMEM, everything else works, all invariants hold, no
 * byte of any block changes, and once all is freed and trimmed nothing is left over.
 */
#include "fake/testing.h"

#include "books/options.h"
#include "model/strata_engine.h"

#define KIB ST_KIB
#define MIB ST_MIB

#define TAKE(slot, size)                                                                       \
    {                                                                                          \
        script_take, slot, size, 0                                                             \
    }
#define ZERO(slot, count, size)                                                                \
    {                                                                                          \
        script_take_zero, slot, size, count                                                    \
    }
#define ALIGN(slot, alignment, size)                                                           \
    {                                                                                          \
        script_take_aligned, slot, size, alignment                                             \
    }
#define RESIZE(slot, size)                                                                     \
    {                                                                                          \
        script_resize, slot, size, 0                                                           \
    }
#define GIVE(slot)                                                                             \
    {                                                                                          \
        script_give, slot, 0, 0                                                                \
    }
#define TRIM(pad)                                                                              \
    {                                                                                          \
        script_trim, 0, pad, 0                                                                 \
    }

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

typedef struct oom_case {
    const char *name;
    bool all_later;
    unsigned kinds;
    script_setup setup;
    size_t nth;
} oom_case;

static void oom_complain(const oom_case *c, size_t at, const char *wrong)
{
    fprintf(stderr, "%s: host call %zu fails%s: after operation %zu: %s\n", c->name, c->nth,
            c->all_later ? ", and all later ones" : "", at, wrong);
}

/* After the end of the workload nothing is held but one segment a space and the records. */
static const char *oom_leak(void)
{
    strata_stats stats;
    os_fake_counts counts;
    os_fake_count(&counts);
    if (counts.failed[os_fake_call_release] > 0) return NULL;
    (void)strata_trim(0);
    strata_stats_get(&stats);
    if (stats.live != 0 || stats.cached != 0 || stats.direct_blocks != 0) {
        return "something is live or cached at the end";
    }
    return stats.segments > stats.spaces ? "a segment is left over" : NULL;
}

/* In a child: 0 if all calls of the host worked, 1 if one failed and all is well, 2 if not. */
static int oom_run(void *context)
{
    static script s;
    const oom_case *c = context;
    size_t at = 0;
    script_init(&s);
    s.setup = c->setup;
    s.count = TESTING_COUNT(oom_workload);
    memcpy(s.op, oom_workload, sizeof oom_workload);
    script_apply_setup(&s.setup);
    os_fake_fail(c->kinds, c->nth, c->all_later);
    const char *wrong = script_run_on(&strata_engine, &s, &at);
    os_fake_counts counts;
    os_fake_count(&counts);
    size_t failed = 0;
    for (size_t i = 0; i < os_fake_call_count; i++) failed += counts.failed[i];
    if (wrong == NULL) wrong = oom_leak();
    if (wrong == NULL) return failed > 0;
    oom_complain(c, at, wrong);
    return 2;
}

/* Fails each call of the host in turn. */
static void fail_each(oom_case *c)
{
    size_t failing_runs = 0;
    for (c->nth = 1;; c->nth++) {
        child_end end = child_run(oom_run, c, false);
        if (end.was_killed) oom_complain(c, 0, "it was killed");
        assert_false(end.was_killed);
        assert_true(end.code < 2);
        if (end.code == 0) break;
        failing_runs++;
    }
    assert_true(failing_runs > 5);
}

static oom_case usual_case(const char *name)
{
    static script usual;
    script_init(&usual);
    oom_case c = {.name = name, .kinds = OS_FAKE_ANY, .setup = usual.setup};
    c.setup.segment_size = 64 * KIB;
    c.setup.direct_threshold = 400 * KIB;
    c.setup.trim_threshold = 64 * KIB;
    c.setup.release_rate = 3;
    return c;
}

static void fail_each_alone_and_with_all_later(oom_case *c)
{
    fail_each(c);
    c->all_later = true;
    fail_each(c);
}

static void each_call_of_the_host_may_fail(void **state)
{
    (void)state;
    oom_case c = usual_case("usual");
    fail_each_alone_and_with_all_later(&c);
}

static void each_call_may_fail_with_the_options_as_declared(void **state)
{
    (void)state;
    static script usual;
    script_init(&usual);
    oom_case c = {.name = "as declared", .kinds = OS_FAKE_ANY, .setup = usual.setup};
    fail_each_alone_and_with_all_later(&c);
}

static void each_call_may_fail_where_top_can_not_grow(void **state)
{
    (void)state;
    oom_case c = usual_case("no reserve_at");
    c.setup.host.refuses_reserve_at = true;
    c.setup.quick_limit = 0;
    fail_each_alone_and_with_all_later(&c);
}

static void each_call_may_fail_with_large_pages(void **state)
{
    (void)state;
    oom_case c = usual_case("64 KiB pages");
    c.setup.host.page_size = 64 * KIB;
    fail_each_alone_and_with_all_later(&c);
}

static void each_call_may_fail_on_a_host_that_can_little(void **state)
{
    (void)state;
    oom_case c = usual_case("poor host");
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
    oom_case c = usual_case("two leaves");
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
    oom_case c = usual_case("no release");
    c.kinds = OS_FAKE_ANY & ~OS_FAKE_ONLY(release);
    fail_each_alone_and_with_all_later(&c);
}

/* The host has only so much memory, and the program finds it when it is needed most. */
static void memory_may_run_out_at_any_size(void **state)
{
    (void)state;
    for (size_t limit = 0; limit <= 20 * MIB; limit += 320 * KIB) {
        oom_case c = usual_case("limited");
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
