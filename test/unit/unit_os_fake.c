/* SPDX-License-Identifier: MIT-0
 *
 * The fake host itself: what it gives, and that it sees every breach of the contract.
 */
#include "fake/testing.h"

#include "os/os.h"

#define PAGE ((size_t)4096)

static int setup(void **state)
{
    (void)state;
    os_fake_reset();
    return 0;
}

static void reserved_memory_is_a_fault_and_committed_is_zero(void **state)
{
    (void)state;
    volatile char *mem = st_os_reserve(8 * PAGE, 4 * PAGE);
    assert_non_null(mem);
    assert_int_equal((uintptr_t)mem % (4 * PAGE), 0);
    assert_true(st_os_commit((void *)(uintptr_t)mem, 2 * PAGE));
    assert_int_equal(mem[0] | mem[2 * PAGE - 1], 0);
    mem[0] = 1;
    assert_true(st_os_decommit((void *)(uintptr_t)mem, PAGE));
    assert_true(st_os_commit((void *)(uintptr_t)mem, PAGE));
    assert_int_equal(mem[0], 0);
    mem[0] = 1;
    assert_true(st_os_purge((void *)(uintptr_t)mem, PAGE));
    assert_int_equal(mem[0], 0);
}

static void touch(void *mem) { *(volatile char *)mem = 1; }

static void a_touch_of_what_is_not_committed_is_seen(void **state)
{
    (void)state;
    char *mem = st_os_reserve(4 * PAGE, PAGE);
    assert_true(st_os_commit(mem, 2 * PAGE));
    assert_false(child_dies(touch, mem));
    assert_true(child_dies(touch, mem + 2 * PAGE));
    assert_true(st_os_decommit(mem, PAGE));
    assert_true(child_dies(touch, mem));
    assert_true(st_os_release(mem, 4 * PAGE));
    assert_true(child_dies(touch, mem + PAGE));
}

/* ---- breaches; `mem` is 4 pages, the lower two committed ---- */

static void odd_size(void *mem) { st_os_commit((char *)mem + 2 * PAGE, 100); }
static void no_size(void *mem) { st_os_commit((char *)mem + 2 * PAGE, 0); }
static void odd_address(void *mem) { st_os_purge((char *)mem + 16, PAGE); }
static void second_commit(void *mem) { st_os_commit(mem, PAGE); }
static void foreign_commit(void *mem) { st_os_commit((char *)mem + 3 * PAGE, 2 * PAGE); }
static void early_decommit(void *mem) { st_os_decommit((char *)mem + PAGE, 2 * PAGE); }
static void early_purge(void *mem) { st_os_purge((char *)mem + 3 * PAGE, PAGE); }
static void foreign_release(void *mem) { st_os_release((char *)mem + 3 * PAGE, 2 * PAGE); }
static void second_release(void *mem)
{
    if (!st_os_release(mem, PAGE)) return;
    st_os_release(mem, PAGE);
}
static void odd_alignment(void *mem)
{
    (void)mem;
    if (st_os_reserve(PAGE, 3 * PAGE) == NULL) return;
}
static void small_alignment(void *mem)
{
    (void)mem;
    if (st_os_map(PAGE, 16) == NULL) return;
}
static void part_resize(void *mem) { st_os_resize((char *)mem + PAGE, PAGE, 2 * PAGE); }
static void part_move(void *mem)
{
    st_os_move((char *)mem + PAGE, PAGE, PAGE, (char *)mem + 2 * PAGE);
}
static void not_ours(void *mem)
{
    (void)mem;
    static char bytes[2 * 4096];
    char *aligned = bytes + (PAGE - (uintptr_t)bytes % PAGE) % PAGE;
    st_os_release(aligned, PAGE);
}

static void every_breach_of_the_contract_is_seen(void **state)
{
    (void)state;
    static void (*const breach[])(void *) = {
        odd_size,        no_size,     odd_address,     second_commit,  foreign_commit,
        early_decommit,  early_purge, foreign_release, second_release, odd_alignment,
        small_alignment, part_resize, part_move,       not_ours,
    };
    char *mem = st_os_reserve(4 * PAGE, PAGE);
    assert_true(st_os_commit(mem, 2 * PAGE));
    for (size_t i = 0; i < TESTING_COUNT(breach); i++) {
        if (!child_dies(breach[i], mem)) fail_msg("breach %zu was not seen", i);
    }
}

/* ---- faults and ways ---- */

static void the_nth_call_fails(void **state)
{
    (void)state;
    os_fake_fail(OS_FAKE_ANY, 2, false);
    char *mem = st_os_reserve(2 * PAGE, PAGE);
    assert_non_null(mem);
    assert_false(st_os_commit(mem, PAGE));
    assert_true(st_os_commit(mem, PAGE));
    assert_int_equal(os_fake_failed(), 1);
    os_fake_fail(OS_FAKE_ONLY(commit) | OS_FAKE_ONLY(purge), 1, true);
    assert_false(st_os_purge(mem, PAGE));
    assert_false(st_os_commit(mem + PAGE, PAGE));
    assert_true(st_os_decommit(mem, PAGE));
    os_fake_fail(OS_FAKE_ANY, 0, false);
    assert_true(st_os_commit(mem, 2 * PAGE));
    assert_true(st_os_release(mem, 2 * PAGE));
    assert_int_equal(os_fake_taken(), 0);
}

static void states_are_counted(void **state)
{
    (void)state;
    os_fake_counts counts;
    char *mem = st_os_reserve(8 * PAGE, PAGE);
    assert_true(st_os_commit(mem + PAGE, 3 * PAGE));
    assert_true(st_os_release(mem, 2 * PAGE));
    os_fake_count(&counts);
    assert_int_equal(counts.committed, 2 * PAGE);
    assert_int_equal(counts.reserved, 4 * PAGE);
    assert_int_equal(counts.committed_peak, 3 * PAGE);
    assert_int_equal(counts.calls[os_fake_call_commit], 1);
    assert_int_equal(os_fake_taken(), 6 * PAGE);
    assert_true(os_fake_is_committed(mem + 2 * PAGE, 2 * PAGE));
    assert_false(os_fake_is_committed(mem + 2 * PAGE, 2 * PAGE + 1));
}

static void a_limit_on_memory_is_kept(void **state)
{
    (void)state;
    os_fake_config config = os_fake_usual;
    config.memory_limit = 4 * PAGE;
    os_fake_configure(&config);
    char *mem = st_os_reserve(64 * PAGE, PAGE);
    assert_non_null(mem);
    assert_false(st_os_commit(mem, 5 * PAGE));
    assert_true(st_os_commit(mem, 3 * PAGE));
    assert_null(st_os_map(2 * PAGE, PAGE));
    assert_non_null(st_os_map(PAGE, PAGE));
}

static void mappings_are_resized_in_place(void **state)
{
    (void)state;
    char *mem = st_os_map(2 * PAGE, PAGE);
    assert_true(st_os_resize(mem, 2 * PAGE, 4 * PAGE));
    assert_int_equal(mem[2 * PAGE] | mem[4 * PAGE - 1], 0);
    assert_true(st_os_resize(mem, 4 * PAGE, 2 * PAGE));
    assert_int_equal(os_fake_taken(), 2 * PAGE);
    char *wall = st_os_map(PAGE, PAGE);
    assert_ptr_equal(wall, mem + 2 * PAGE);
    assert_false(st_os_resize(mem, 2 * PAGE, 3 * PAGE));
}

static void mappings_are_moved_with_their_bytes(void **state)
{
    (void)state;
    char *mem = st_os_map(2 * PAGE, PAGE);
    mem[0] = 'a';
    mem[2 * PAGE - 1] = 'z';
    char *target = st_os_reserve(3 * PAGE, 16 * PAGE);
    assert_int_equal((uintptr_t)target % (16 * PAGE), 0);
    assert_true(st_os_move(mem, 2 * PAGE, 3 * PAGE, target));
    assert_int_equal(target[0], 'a');
    assert_int_equal(target[2 * PAGE - 1], 'z');
    assert_int_equal(target[2 * PAGE], 0);
    assert_int_equal(os_fake_taken(), 3 * PAGE);
    assert_true(child_dies(touch, mem));
    assert_true(st_os_release(target, 3 * PAGE));
}

static void reserve_at_takes_only_what_is_free(void **state)
{
    (void)state;
    char *mem = st_os_reserve(4 * PAGE, PAGE);
    assert_false(st_os_reserve_at(mem + 2 * PAGE, 4 * PAGE));
    assert_true(st_os_reserve_at(mem + 4 * PAGE, 4 * PAGE));
    assert_true(st_os_release(mem, 8 * PAGE));
    os_fake_config config = os_fake_usual;
    config.refuses_reserve_at = true;
    os_fake_configure(&config);
    assert_false(st_os_reserve_at(mem, PAGE));
}

static void a_host_may_release_only_whole_pieces(void **state)
{
    (void)state;
    os_fake_config config = os_fake_usual;
    config.refuses_part_release = true;
    config.page_size = 4 * PAGE;
    os_fake_configure(&config);
    assert_int_equal(st_os_page_size(), 4 * PAGE);
    char *mem = st_os_map(8 * PAGE, 4 * PAGE);
    char *other = st_os_map(4 * PAGE, 4 * PAGE);
    assert_ptr_equal(other, mem + 8 * PAGE);
    assert_false(st_os_release(mem, 4 * PAGE));
    assert_false(st_os_release(mem + 4 * PAGE, 4 * PAGE));
    assert_false(st_os_release(mem, 12 * PAGE));
    assert_true(st_os_release(mem, 8 * PAGE));
    assert_true(st_os_release(other, 4 * PAGE));
}

static void stop_here(void *context)
{
    st_os_write(2, context, strlen(context));
    st_os_stop();
}

static void the_end_can_be_awaited_and_words_are_heard(void **state)
{
    (void)state;
    char words[] = "the last words";
    assert_true(os_fake_stops(stop_here, words));
    assert_string_equal(os_fake_output(), words);
    assert_true(child_dies(stop_here, words));
    st_os_append("/a/path", "one", 3);
    st_os_append("/a/path", "two", 3);
    assert_string_equal(os_fake_appended(), "onetwo");
    assert_string_equal(os_fake_append_path(), "/a/path");
    os_fake_set_environment("STRATA_OPTIONS", "quick_limit=0");
    assert_string_equal(st_os_environment("STRATA_OPTIONS"), "quick_limit=0");
    assert_null(st_os_environment("STRATA"));
}

static size_t ends;
static void count_end(void) { ends++; }

static void ends_of_threads_are_told_if_a_test_wants_that(void **state)
{
    (void)state;
    assert_false(st_os_at_thread_end(count_end));
    assert_false(st_os_watch_thread());
    assert_false(os_fake_end_thread());
    os_fake_tell_ends(true);
    assert_false(st_os_watch_thread()); /* there is nobody to be told */
    assert_true(st_os_at_thread_end(count_end));
    assert_true(st_os_watch_thread());
    os_fake_config config = os_fake_usual;
    config.refuses_watch = true;
    os_fake_configure(&config);
    assert_false(st_os_watch_thread());
    assert_int_equal(os_fake_watched(), 1);
    assert_int_equal(ends, 0);
    assert_true(os_fake_end_thread());
    assert_int_equal(ends, 1);
    assert_false(st_os_at_thread_end(NULL)); /* strata has ended */
    assert_false(os_fake_end_thread());
    assert_int_equal(ends, 1);
}

static void time_passes_when_a_test_says_so(void **state)
{
    (void)state;
    assert_int_equal(st_os_clock(), 1);
    assert_int_equal(st_os_clock(), 1);
    os_fake_set_clock(5000);
    assert_int_equal(st_os_clock(), 5000);
}

static void a_reset_forgets_all(void **state)
{
    (void)state;
    char *mem = st_os_reserve(64 * PAGE, PAGE);
    assert_true(st_os_commit(mem + PAGE, 3 * PAGE));
    memset(mem + PAGE, 1, 3 * PAGE);
    char *other = st_os_map(2 * PAGE, PAGE);
    assert_non_null(other);
    os_fake_tell_ends(true);
    os_fake_set_clock(77);
    os_fake_fail(OS_FAKE_ANY, 1, true);
    os_fake_reset();
    assert_int_equal(os_fake_taken(), 0);
    assert_int_equal(st_os_clock(), 1);
    assert_false(st_os_at_thread_end(count_end));
    assert_true(child_dies(touch, mem + PAGE));
    assert_true(child_dies(touch, other));
    char *again = st_os_map(8 * PAGE, PAGE);
    assert_ptr_equal(again, mem); /* the same places are given out, and they are empty */
    for (size_t i = 0; i < 8 * PAGE; i++) assert_int_equal(again[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reserved_memory_is_a_fault_and_committed_is_zero, setup),
        cmocka_unit_test_setup(a_touch_of_what_is_not_committed_is_seen, setup),
        cmocka_unit_test_setup(every_breach_of_the_contract_is_seen, setup),
        cmocka_unit_test_setup(the_nth_call_fails, setup),
        cmocka_unit_test_setup(states_are_counted, setup),
        cmocka_unit_test_setup(a_limit_on_memory_is_kept, setup),
        cmocka_unit_test_setup(mappings_are_resized_in_place, setup),
        cmocka_unit_test_setup(mappings_are_moved_with_their_bytes, setup),
        cmocka_unit_test_setup(reserve_at_takes_only_what_is_free, setup),
        cmocka_unit_test_setup(a_host_may_release_only_whole_pieces, setup),
        cmocka_unit_test_setup(the_end_can_be_awaited_and_words_are_heard, setup),
        cmocka_unit_test_setup(ends_of_threads_are_told_if_a_test_wants_that, setup),
        cmocka_unit_test_setup(time_passes_when_a_test_says_so, setup),
        cmocka_unit_test_setup(a_reset_forgets_all, setup),
    };
    return TESTING_RUN(tests);
}
