/* SPDX-License-Identifier: MIT-0
 *
 * Slices: the window, what a slice is, in which order slices are taken again and when their memory goes
 * back. More than one run, and hosts that fail, are in unit_map_slices_runs.c.
 */
#include "fake/little_slices.h"

#if STRATA_SLABS

#define SLICE ST_SLICE
#define OWNER LITTLE_SLICES_OWNER
#define RUN_USABLE LITTLE_SLICES_IN_RUN

/* ---- the window ---- */

static void no_address_is_in_the_window_before_the_start(void **state)
{
    (void)state;
    static char ours;
    char local;
    const void *const some[] = {
        NULL, &ours, &local, (void *)16, (void *)UINTPTR_MAX, (void *)(UINTPTR_MAX >> 1)};
    for (size_t i = 0; i < TESTING_COUNT(some); i++)
        assert_true(st_slices_idx(some[i]) >= ST_SLICES_MAX);
    assert_int_equal(st_slices_next(0), 0);
    little_slices_expect_sound();
    assert_true(st_slices_start());
    if (ST_WORD_BITS == 32) return; /* there the window is the address space */
    for (size_t i = 0; i < TESTING_COUNT(some); i++)
        assert_true(st_slices_idx(some[i]) >= ST_SLICES_MAX);
}

static void the_start_takes_one_run_and_its_tables(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    assert_true(st_slices_start());
    st_slices_totals all = little_slices_totals();
    assert_int_equal(all.reserved, ST_RUN);
    assert_int_equal(all.committed, ST_RUN_TABLES * SLICE);
    assert_int_equal(all.used + all.used_peak + all.dirty, 0);
    uint32_t first = little_slices_take();
    uint32_t run = first - ST_RUN_TABLES;
    assert_int_equal(run % ST_RUN_SLICES, 0);
    assert_true(st_is_aligned(st_slices_base(run), ST_RUN));
    /* Three quarters of the window are below its first run. */
    if (ST_WORD_BITS > 32) assert_int_equal(run, ST_SLICES_MAX / 4 * 3);
}

static void a_start_that_fails_takes_nothing_and_may_be_tried_again(void **state)
{
    (void)state;
    static const unsigned kinds[] = {OS_FAKE_ONLY(reserve), OS_FAKE_ONLY(commit)};
    for (size_t i = 0; i < TESTING_COUNT(kinds); i++) {
        os_fake_fail(kinds[i], 1, false);
        assert_false(st_slices_start());
        assert_int_equal(os_fake_failed(), 1);
        assert_int_equal(os_fake_taken(), 0);
        assert_int_equal(little_slices_totals().reserved, 0);
        little_slices_expect_sound();
    }
    assert_true(st_slices_start());
    little_slices_take();
}

/* ---- one run ---- */

static void a_slice_is_a_granule_of_its_own(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    uint32_t idx[40];
    for (uint32_t i = 0; i < TESTING_COUNT(idx); i++) {
        idx[i] = little_slices_take();
        assert_int_equal(idx[i], idx[0] + i);
        char *base = st_slices_base(idx[i]);
        assert_true(st_is_aligned(base, SLICE));
        assert_true(os_fake_is_committed(base, SLICE));
        memset(base, (int)i, SLICE);
        assert_int_equal(st_slices_idx(base), idx[i]);
        assert_int_equal(st_slices_idx(base + SLICE - 1), idx[i]);
        assert_int_equal(st_slices_word(idx[i]), OWNER);
    }
    for (uint32_t i = 0; i < TESTING_COUNT(idx); i++)
        assert_int_equal(*st_slices_base(idx[i]), (char)i);
    assert_int_equal(little_slices_totals().used, TESTING_COUNT(idx) * SLICE);
}

/* All notes and rooms of a run, filled, hold what was written: they overlap neither each other nor
 * a slice. */
static void notes_and_rooms_are_apart(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    uint32_t first = little_slices_take();
    uint32_t run = first - ST_RUN_TABLES;
    for (uint32_t i = 0; i < RUN_USABLE; i++) {
        unsigned char *note = st_slices_note(first + i);
        unsigned char *room = st_slices_room(first + i);
        assert_true(st_is_aligned(note, 16));
        assert_true(st_is_aligned(room, 8));
        assert_true(note >= (unsigned char *)st_slices_base(run));
        assert_true(room + ST_SLICE_ROOM <= (unsigned char *)st_slices_base(first));
        for (size_t at = 0; at < ST_SLICE_NOTE; at++) assert_int_equal(note[at], 0);
        for (size_t at = 0; at < ST_SLICE_ROOM; at++) assert_int_equal(room[at], 0);
        memset(note, (int)(i % 251) + 1, ST_SLICE_NOTE);
        memset(room, (int)(i % 241) + 1, ST_SLICE_ROOM);
    }
    for (uint32_t i = 0; i < RUN_USABLE; i++) {
        const unsigned char *note = st_slices_note(first + i);
        const unsigned char *room = st_slices_room(first + i);
        for (size_t at = 0; at < ST_SLICE_NOTE; at++) assert_int_equal(note[at], i % 251 + 1);
        for (size_t at = 0; at < ST_SLICE_ROOM; at++) assert_int_equal(room[at], i % 241 + 1);
    }
}

/* Sixteen at first, later a sixteenth of what there is; one if the host has no more. */
static void memory_is_committed_in_steps(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    size_t committed = little_slices_totals().committed;
    for (uint32_t taken = 0; taken < RUN_USABLE; taken++) {
        size_t before = little_slices_totals().committed;
        little_slices_take();
        size_t step = little_slices_totals().committed - before;
        if (step == 0) continue;
        size_t left = ST_RUN - before;
        assert_int_equal(step, st_min(st_max(16 * SLICE, before / SLICE / 16 * SLICE), left));
        assert_int_equal(before, committed);
        committed = little_slices_totals().committed;
    }
    assert_int_equal(committed, ST_RUN);
    assert_int_equal(little_slices_totals().used, RUN_USABLE * SLICE);
}

static void a_host_that_has_little_gives_one_slice(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    size_t committed = little_slices_totals().committed;
    os_fake_config config = os_fake_usual;
    config.memory_limit = committed + 2 * SLICE;
    os_fake_configure(&config);
    uint32_t idx[2] = {little_slices_take(), little_slices_take()};
    assert_int_equal(little_slices_totals().committed, committed + 2 * SLICE);
    assert_int_equal(st_slices_take(OWNER), 0);
    assert_int_equal(little_slices_totals().used, 2 * SLICE);
    little_slices_expect_sound();
    st_slices_give(idx[0]); /* what is ours is had without the host */
    assert_int_equal(little_slices_take(), idx[0]);
    os_fake_configure(&os_fake_usual);
    assert_int_equal(little_slices_take(), idx[1] + 1);
}

/* ---- take again ---- */

static void the_one_given_last_is_taken_first(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    uint32_t idx[10];
    for (size_t i = 0; i < 10; i++) idx[i] = little_slices_take();
    static const size_t order[] = {3, 9, 0, 4, 7};
    for (size_t i = 0; i < 5; i++) {
        st_slices_give(idx[order[i]]);
        assert_int_equal(st_slices_word(idx[order[i]]) & 255, ST_SLICE_FREE);
        assert_int_equal(little_slices_totals().dirty, (i + 1) * SLICE);
        assert_int_equal(little_slices_totals().used, (9 - i) * SLICE);
        little_slices_expect_sound();
    }
    for (size_t i = 5; i-- > 0;) assert_int_equal(little_slices_take(), idx[order[i]]);
    assert_int_equal(little_slices_take(), idx[9] + 1);
    assert_int_equal(little_slices_totals().used_peak, 11 * SLICE);
    assert_int_equal(little_slices_totals().dirty, 0);
}

static bool is_purged(uint32_t idx)
{
    const unsigned char *bytes = (const unsigned char *)st_slices_base(idx);
    assert_true(bytes[0] == bytes[SLICE - 1]);
    assert_true(bytes[0] == 0 || bytes[0] == 0x77);
    return bytes[0] == 0;
}

static void a_purge_takes_the_oldest(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    uint32_t first = little_slices_give_eight();
    size_t committed = little_slices_totals().committed;
    assert_false(st_slices_purge(SIZE_MAX));
    assert_false(st_slices_purge(8 * SLICE));
    assert_true(st_slices_purge(4 * SLICE - 1)); /* three whole ones */
    for (uint32_t i = 0; i < 8; i++) assert_int_equal(is_purged(first + i), i < 5);
    assert_int_equal(little_slices_totals().dirty, 3 * SLICE);
    assert_int_equal(little_slices_totals().committed,
                     committed); /* they may be touched as before */
    little_slices_expect_sound();
    assert_false(st_slices_purge(3 * SLICE));
    /* The resident ones come first, then the others. */
    for (uint32_t i = 7; i >= 5; i--) assert_int_equal(little_slices_take(), first + i);
    for (uint32_t i = 0; i < 5; i++) assert_true(is_purged(little_slices_take()));
    assert_int_equal(little_slices_take(), first + 8);
}

static void a_purge_of_all_leaves_none_resident(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    assert_false(st_slices_purge(0));
    uint32_t first = little_slices_give_eight();
    assert_true(st_slices_purge(0));
    for (uint32_t i = 0; i < 8; i++) assert_true(is_purged(first + i));
    assert_int_equal(little_slices_totals().dirty, 0);
    assert_false(st_slices_purge(0));
    little_slices_expect_sound();
    for (uint32_t i = 0; i < 8; i++) assert_true(little_slices_take() < first + 8);
}

static void a_shrink_takes_as_much_as_is_asked_for(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    st_slices_shrink(SIZE_MAX);
    uint32_t first = little_slices_give_eight();
    st_slices_shrink(3 * SLICE);
    for (uint32_t i = 0; i < 8; i++) assert_int_equal(is_purged(first + i), i < 3);
    assert_int_equal(little_slices_totals().dirty, 5 * SLICE);
    st_slices_shrink(SLICE + 1);
    assert_int_equal(little_slices_totals().dirty, 3 * SLICE);
    st_slices_shrink(SIZE_MAX);
    assert_int_equal(little_slices_totals().dirty, 0);
}

/* Much is more than trim_threshold; trim_pad stays. It is looked at every sixteenth time. */
static void what_is_free_goes_back_with_time(void **state)
{
    (void)state;
    enum { many = 96 };
    uint32_t idx[many];
    assert_true(st_slices_start());
    st_option_set(st_option_id_trim_threshold, 20 * SLICE);
    st_option_set(st_option_id_trim_pad, 5 * SLICE);
    st_option_set(st_option_id_purge_delay, 100);
    for (size_t i = 0; i < many; i++) idx[i] = little_slices_take();
    os_fake_set_clock(1000);
    for (size_t i = 0; i < 64; i++) st_slices_give(idx[i]);
    assert_int_equal(little_slices_totals().dirty,
                     64 * SLICE); /* the clock was looked at for the first time */
    os_fake_set_clock(1099);
    for (size_t i = 64; i < 80; i++) st_slices_give(idx[i]);
    assert_int_equal(little_slices_totals().dirty, 80 * SLICE);
    os_fake_set_clock(1100);
    for (size_t i = 80; i < 95; i++) st_slices_give(idx[i]);
    assert_int_equal(little_slices_totals().dirty, 95 * SLICE);
    st_slices_give(idx[95]);
    for (size_t left = 80; left > 16; left -= 16) { /* a MiB at each free, until it is done */
        assert_int_equal(little_slices_totals().dirty, left * SLICE);
        st_slices_give(little_slices_take());
    }
    st_slices_give(little_slices_take());
    assert_int_equal(little_slices_totals().dirty, 5 * SLICE);
    st_slices_give(little_slices_take());
    assert_int_equal(little_slices_totals().dirty, 5 * SLICE);
    little_slices_expect_sound();
    for (size_t i = 0; i < many; i++) idx[i] = little_slices_take();
    os_fake_set_clock(9999);
    st_option_set(st_option_id_purge_delay, SIZE_MAX); /* never */
    for (size_t i = 0; i < many; i++) st_slices_give(idx[i]);
    assert_int_equal(little_slices_totals().dirty, many * SLICE);
    little_slices_expect_sound();
    for (size_t i = 0; i < many; i++) idx[i] = little_slices_take();
    st_option_set(st_option_id_purge_delay, 0); /* at once */
    for (size_t i = 0; i < 32; i++) st_slices_give(idx[i]);
    assert_int_equal(little_slices_totals().dirty, 16 * SLICE);
    st_slices_give(idx[32]);
    assert_int_equal(little_slices_totals().dirty, 5 * SLICE);
    little_slices_expect_sound();
}

/* Five neighbors go with one call: it fails, or the next one would. */
static void a_purge_that_fails_loses_nothing(void **state)
{
    (void)state;
    for (size_t nth = 1; nth <= 2; nth++) {
        for (int all_later = 0; all_later < 2; all_later++) {
            little_slabs_forget();
            assert_true(st_slices_start());
            uint32_t first = little_slices_give_eight();
            os_fake_fail(OS_FAKE_ONLY(purge), nth, all_later);
            bool any = st_slices_purge(3 * SLICE);
            assert_int_equal(os_fake_failed(), nth == 1);
            os_fake_fail(OS_FAKE_ANY, 0, false);
            size_t failed = nth == 1 ? 5 : 0;
            assert_int_equal(any, failed == 0);
            assert_int_equal(little_slices_totals().dirty, (3 + failed) * SLICE);
            size_t purged = 0;
            for (uint32_t i = 0; i < 8; i++) purged += is_purged(first + i);
            assert_int_equal(purged, 5 - failed);
            little_slices_expect_sound();
            /* Those that may be resident come first. */
            for (size_t i = 0; i < 8; i++)
                assert_int_equal(is_purged(little_slices_take()), i >= 3 + failed);
            assert_int_equal(little_slices_take(), first + 8);
        }
    }
}

/* ---- fork ---- */

static void the_lock_can_be_held_around_a_fork(void **state)
{
    (void)state;
    assert_true(st_slices_start());
    st_slices_lock();
    if (STRATA_THREADS) assert_false(st_lock_try(&slices_state.lock));
    st_slices_unlock();
    st_slices_lock();
    st_slices_reset_lock();
    st_slices_give(little_slices_take());
}

/* ---- at random, against a list of numbers ---- */

typedef struct slices_model {
    uint32_t used[2048], dirty[2048];
    size_t used_count, dirty_count, clean_count, peak;
} slices_model;

/* What is taken must be the newest dirty one, or else one of the clean ones, or else a new one. */
static void model_take(slices_model *model, bool *is_known)
{
    uint32_t idx = little_slices_take();
    if (model->dirty_count > 0) {
        assert_int_equal(idx, model->dirty[--model->dirty_count]);
    } else {
        assert_int_equal(is_known[idx % ST_RUN_SLICES], model->clean_count > 0);
        if (model->clean_count > 0) model->clean_count--;
    }
    is_known[idx % ST_RUN_SLICES] = true;
    model->used[model->used_count++] = idx;
    model->peak = st_max(model->peak, model->used_count);
}

static void model_give(slices_model *model, size_t at)
{
    uint32_t idx = model->used[at];
    model->used[at] = model->used[--model->used_count];
    st_slices_give(idx);
    model->dirty[model->dirty_count++] = idx;
}

static void model_purge(slices_model *model, size_t keep)
{
    size_t gone = model->dirty_count - st_min(keep, model->dirty_count);
    assert_int_equal(st_slices_purge(keep * SLICE), gone > 0);
    model->dirty_count -= gone;
    memmove(model->dirty, model->dirty + gone, model->dirty_count * sizeof model->dirty[0]);
    model->clean_count += gone;
}

static void slices_do_what_a_list_does(void **state)
{
    (void)state;
    static slices_model model;
    static bool is_known[ST_RUN_SLICES];
    uint32_t dice = 12345;
    memset(&model, 0, sizeof model);
    memset(is_known, 0, sizeof is_known);
    assert_true(st_slices_start());
    for (size_t step = 0; step < 20000; step++) {
        dice = dice * 1664525 + 1013904223;
        size_t what = dice >> 16 & 255;
        bool is_up = step / 1000 % 2 == 0;
        if (what == 0) {
            model_purge(&model, dice >> 24 & 15);
        } else if ((what < (is_up ? 160 : 90) && model.used_count < 900) ||
                   model.used_count == 0) {
            model_take(&model, is_known);
        } else {
            model_give(&model, dice % model.used_count);
        }
        assert_int_equal(little_slices_totals().used, model.used_count * SLICE);
        assert_int_equal(little_slices_totals().dirty, model.dirty_count * SLICE);
        assert_int_equal(little_slices_totals().used_peak, model.peak * SLICE);
        if (step % 500 == 0) little_slices_expect_sound();
    }
    assert_true(model.clean_count > 0);
}

#define UNIT_TEST(name)                                                                        \
    cmocka_unit_test_setup_teardown(name, little_slices_setup, little_slices_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(no_address_is_in_the_window_before_the_start),
        UNIT_TEST(the_start_takes_one_run_and_its_tables),
        UNIT_TEST(a_start_that_fails_takes_nothing_and_may_be_tried_again),
        UNIT_TEST(a_slice_is_a_granule_of_its_own),
        UNIT_TEST(notes_and_rooms_are_apart),
        UNIT_TEST(memory_is_committed_in_steps),
        UNIT_TEST(a_host_that_has_little_gives_one_slice),
        UNIT_TEST(the_one_given_last_is_taken_first),
        UNIT_TEST(a_purge_takes_the_oldest),
        UNIT_TEST(a_purge_of_all_leaves_none_resident),
        UNIT_TEST(a_shrink_takes_as_much_as_is_asked_for),
        UNIT_TEST(what_is_free_goes_back_with_time),
        UNIT_TEST(a_purge_that_fails_loses_nothing),
        UNIT_TEST(the_lock_can_be_held_around_a_fork),
        UNIT_TEST(slices_do_what_a_list_does),
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
