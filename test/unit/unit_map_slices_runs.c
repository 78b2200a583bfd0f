/* SPDX-License-Identifier: MIT-0
 *
 * Slices in several runs: where those lie, that the slabs in them are found upwards, what hosts that
 * fail do to them, and the check that proves INV-SLICES-1 and INV-SLICES-2.
 */
#include "fake/little_slices.h"

#if STRATA_SLABS

#define SLICE ST_SLICE
#define OWNER LITTLE_SLICES_OWNER
#define RUN_USABLE LITTLE_SLICES_IN_RUN

/* ---- several runs ---- */

static void runs_lie_side_by_side_if_they_can(void **state)
{
    (void)state;
    little_slices_place_runs_high();
    assert_true(st_slices_start());
    uint32_t first = little_slices_take();
    little_slices_take_all(RUN_USABLE - 1);
    assert_int_equal(little_slices_totals().reserved, ST_RUN);
    for (uint32_t run = 1; run <= 3; run++) {
        assert_int_equal(little_slices_take(), first - run * ST_RUN_SLICES);
        little_slices_take_all(RUN_USABLE - 1);
        assert_int_equal(little_slices_totals().reserved, (1 + run) * ST_RUN);
        little_slices_expect_sound();
    }
    assert_int_equal(little_slices_totals().committed, 4 * ST_RUN);
    assert_int_equal(little_slices_totals().used, 4 * RUN_USABLE * SLICE);
}

static void a_run_goes_elsewhere_if_there_is_no_room_beside(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    uint32_t first = little_slices_take();
    little_slices_take_all(RUN_USABLE - 1);
    os_fake_config config = os_fake_usual;
    config.floor = 5 * ST_RUN;
    config.refuses_reserve_at = true;
    os_fake_configure(&config);
    assert_int_equal(little_slices_take(), first + 5 * ST_RUN_SLICES);
    little_slices_take_all(RUN_USABLE - 1);
    config.refuses_reserve_at = false; /* from now on below the newest one */
    os_fake_configure(&config);
    assert_int_equal(little_slices_take(), first + 4 * ST_RUN_SLICES);
}

/* Numbers of runs are multiples of their size, wherever the first one begins. */
static void runs_apart_are_whole_runs_apart(void **state)
{
    (void)state;
    for (size_t off = 1; off < ST_RUN_SLICES; off = off * 3 + 1) {
        os_fake_reset();
        little_slices_setup(state);
        os_fake_config config = os_fake_usual;
        config.floor = off * SLICE;
        config.refuses_reserve_at = true;
        os_fake_configure(&config);
        assert_true(st_slices_start());
        uint32_t first = little_slices_take();
        assert_int_equal(first % ST_RUN_SLICES, ST_RUN_TABLES);
        little_slices_take_all(RUN_USABLE - 1);
        config.floor = 5 * ST_RUN + (ST_RUN_SLICES - off) * SLICE / 2 / SLICE * SLICE;
        os_fake_configure(&config);
        uint32_t second = little_slices_take();
        assert_int_equal(second % ST_RUN_SLICES, ST_RUN_TABLES);
        assert_true(second > first + 4 * ST_RUN_SLICES);
        assert_int_equal(little_slices_totals().reserved, 2 * ST_RUN);
        little_slices_teardown(state);
    }
}

static void a_run_that_can_not_be_had_changes_nothing(void **state)
{
    (void)state;
    little_slices_place_runs_high();
    assert_true(st_slices_start());
    little_slices_take_all(RUN_USABLE);
    size_t taken = os_fake_taken();
    size_t nth = 1;
    for (uint32_t idx = 0; idx == 0; nth++) {
        os_fake_fail(OS_FAKE_ANY & ~OS_FAKE_ONLY(release), nth, true);
        idx = st_slices_take(OWNER);
        os_fake_fail(OS_FAKE_ANY, 0, false);
        little_slices_expect_sound();
        if (idx == 0) assert_int_equal(little_slices_totals().used, RUN_USABLE * SLICE);
        /* A run stays whose tables are there, but not its first slice. */
        if (idx == 0 && nth < 3) assert_int_equal(os_fake_taken(), taken);
    }
    assert_int_equal(nth, 5); /* the run, its tables, its first slices; then one more */
    assert_int_equal(os_fake_taken(), taken + ST_RUN);
}

#if SIZE_MAX > 0xffffffff
/* The window ends a quarter above its first run; the host offers a place beyond. */
static void a_run_beyond_the_window_is_refused(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    little_slices_take_all(RUN_USABLE);
    size_t taken = os_fake_taken();
    os_fake_config config = os_fake_usual;
    config.refuses_reserve_at = true;
    config.floor = ST_SLICES_MAX / 4 * SLICE;
    os_fake_configure(&config);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(st_slices_take(OWNER), 0);
        assert_int_equal(os_fake_taken(), taken);
        little_slices_expect_sound();
    }
    config.floor -= ST_RUN; /* the last place inside */
    os_fake_configure(&config);
    assert_int_equal(little_slices_take(), ST_SLICES_MAX - ST_RUN_SLICES + ST_RUN_TABLES);
    little_slices_expect_sound();
}

static void a_window_that_is_full_gives_no_more(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    little_slices_take_all(RUN_USABLE);
    os_fake_counts before, after;
    os_fake_count(&before);
    uint32_t run_count = slices_state.run_count;
    slices_state.run_count = SLICES_RUNS_MAX;
    assert_int_equal(st_slices_take(OWNER), 0);
    slices_state.run_count = run_count;
    os_fake_count(&after);
    assert_memory_equal(&before, &after, sizeof before);
    little_slices_take();
}
#endif

/* ---- look inside ---- */

/* Three runs, the oldest in the middle; slabs here and there. */
static void the_next_slab_is_the_one_above(void **state)
{
    (void)state;
    static uint32_t all[3 * RUN_USABLE];
    os_fake_config config = os_fake_usual;
    config.floor = 4 * ST_RUN;
    os_fake_configure(&config);
    assert_true(st_slices_start());
    for (size_t i = 0; i < 2 * RUN_USABLE; i++) all[i] = little_slices_take();
    config.floor = 8 * ST_RUN;
    config.refuses_reserve_at = true;
    os_fake_configure(&config);
    for (size_t i = 2 * RUN_USABLE; i < 3 * RUN_USABLE; i++) all[i] = little_slices_take();
    static const size_t kept[] = {
        RUN_USABLE,     RUN_USABLE + 1, 2 * RUN_USABLE - 1, 0, RUN_USABLE / 2,
        RUN_USABLE - 1, 2 * RUN_USABLE, 3 * RUN_USABLE - 1}; /* ascending by place */
    size_t at = 0;
    for (size_t i = 0; i < 3 * RUN_USABLE; i++) {
        bool is_kept = false;
        for (size_t j = 0; j < TESTING_COUNT(kept); j++) is_kept = is_kept || kept[j] == i;
        if (!is_kept) st_slices_give(all[i]);
    }
    for (uint32_t idx = st_slices_next(0); idx != 0; idx = st_slices_next(idx)) {
        assert_true(at < TESTING_COUNT(kept));
        assert_int_equal(idx, all[kept[at++]]);
    }
    assert_int_equal(at, TESTING_COUNT(kept));
    assert_int_equal(st_slices_next(all[RUN_USABLE] - 1), all[RUN_USABLE]);
    assert_int_equal(st_slices_next(all[RUN_USABLE - 1] + 1), all[2 * RUN_USABLE]);
    assert_int_equal(st_slices_next(ST_SLICES_MAX - 1), 0);
}

/* ---- faults ---- */

/* Every call of the host fails once, and from then on. */
static size_t work_over_a_poor_host(void)
{
    static uint32_t idx[2 * RUN_USABLE];
    size_t count = 0;
    if (!st_slices_start()) return 0;
    for (size_t i = 0; i < RUN_USABLE + 40; i++) {
        size_t failed = os_fake_failed();
        idx[count] = st_slices_take(OWNER);
        if (idx[count] == 0) {
            assert_true(os_fake_failed() > failed);
        } else {
            count++;
        }
    }
    for (size_t i = 0; i < count; i += 2) st_slices_give(idx[i]);
    (void)st_slices_purge(8 * SLICE);
    little_slices_expect_sound();
    assert_int_equal(little_slices_totals().used, count / 2 * SLICE);
    return count;
}

static void every_call_of_the_host_may_fail(void **state)
{
    (void)state;
    for (int all_later = 0; all_later < 2; all_later++) {
        for (size_t nth = 1;; nth++) {
            little_slabs_forget();
            little_slices_place_runs_high();
            os_fake_fail(OS_FAKE_ANY, nth, all_later);
            size_t count = work_over_a_poor_host();
            size_t failed = os_fake_failed();
            os_fake_fail(OS_FAKE_ANY, 0, false);
            assert_int_equal(little_slices_teardown(NULL), 0);
            if (failed == 0) assert_int_equal(count, RUN_USABLE + 40);
            if (failed == 0) break;
            if (nth > 40) nth += 40; /* those are purges, all alike */
        }
    }
}

/* ---- invariants ---- */

#define EXPECT_BROKEN(id) LITTLE_SLABS_EXPECT_BROKEN(st_slices_check, id)

static void a_word_that_is_wrong_breaks_inv_slices_1(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    uint32_t first = little_slices_take();
    little_slices_take();
    /* A slab that is nothing, a table and a slice never taken that are something. */
    const uint32_t places[] = {first, first - 1, first - ST_RUN_TABLES, first + 2,
                               first + RUN_USABLE - 1};
    for (size_t i = 0; i < TESTING_COUNT(places); i++) {
        st_owner word = st_slices_word(places[i]);
        slices_set_word(places[i], word == 0 ? OWNER : 0);
        EXPECT_BROKEN("INV-SLICES-1");
        slices_set_word(places[i], word);
        little_slices_expect_sound();
    }
    slices_state.used++;
    EXPECT_BROKEN("INV-SLICES-1");
    slices_state.used--;
}

static void a_word_in_an_older_run_breaks_inv_slices_1(void **state)
{
    (void)state;
    little_slices_place_runs_high();
    assert_true(st_slices_start());
    uint32_t first = little_slices_take();
    little_slices_take_all(RUN_USABLE);
    slices_set_word(first + RUN_USABLE - 1, 0);
    EXPECT_BROKEN("INV-SLICES-1");
    slices_set_word(first + RUN_USABLE - 1, OWNER);
}

static void lists_that_are_wrong_break_inv_slices_2(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    uint32_t first = little_slices_give_eight();
    assert_true(st_slices_purge(4 * SLICE));
    slices_list *const lists[] = {&slices_state.dirty, &slices_state.clean};
    for (size_t i = 0; i < TESTING_COUNT(lists); i++) {
        slices_list whole = *lists[i];
        lists[i]->count--; /* one more is on it than is counted */
        EXPECT_BROKEN("INV-SLICES-2");
        *lists[i] = whole;
        lists[i]->count++;
        EXPECT_BROKEN("INV-SLICES-2");
        *lists[i] = whole;
        lists[i]->first = st_slices_word(whole.first) >> 8; /* one is lost, and not counted */
        lists[i]->count--;
        EXPECT_BROKEN("INV-SLICES-2");
        *lists[i] = whole;
        st_owner word = st_slices_word(whole.first); /* the first one again and again */
        slices_set_word(whole.first, whole.first << 8 | ST_SLICE_FREE);
        EXPECT_BROKEN("INV-SLICES-2");
        slices_set_word(whole.first, word);
        little_slices_expect_sound();
    }
    uint32_t used = little_slices_take();
    slices_list whole = slices_state.dirty; /* a slab is on the list */
    slices_state.dirty.first = used;
    EXPECT_BROKEN("INV-SLICES-2");
    slices_state.dirty = whole;
    assert_true(used > first);
}

#define UNIT_TEST(name)                                                                        \
    cmocka_unit_test_setup_teardown(name, little_slices_setup, little_slices_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(runs_lie_side_by_side_if_they_can),
        UNIT_TEST(a_run_goes_elsewhere_if_there_is_no_room_beside),
        UNIT_TEST(runs_apart_are_whole_runs_apart),
        UNIT_TEST(a_run_that_can_not_be_had_changes_nothing),
#if SIZE_MAX > 0xffffffff
        UNIT_TEST(a_run_beyond_the_window_is_refused),
#endif
#if SIZE_MAX > 0xffffffff
        UNIT_TEST(a_window_that_is_full_gives_no_more),
#endif
        UNIT_TEST(the_next_slab_is_the_one_above),
        UNIT_TEST(every_call_of_the_host_may_fail),
        UNIT_TEST(a_word_that_is_wrong_breaks_inv_slices_1),
        UNIT_TEST(a_word_in_an_older_run_breaks_inv_slices_1),
        UNIT_TEST(lists_that_are_wrong_break_inv_slices_2),
    };
    return TESTING_RUN(tests);
}

#else

static void there_are_no_slices_in_this_build(void **state)
{
    (void)state;
    assert_int_equal(os_fake_taken(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_are_no_slices_in_this_build)};
    return TESTING_RUN(tests);
}

#endif
