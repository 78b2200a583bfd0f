/* SPDX-License-Identifier: MIT-0
 *
 * Blocks freed by another thread than the one whose slab they are of: collected, put back by a few
 * dozens into whatever slabs they belong to, so that slabs go back without their owner's doing, and
 * wrong ones are told then. Several threads, one at a time (fake/crew.h).
 */
#include "fake/slab_orders.h"

#if STRATA_SLABS

#define GET little_slabs_get
#define PUT little_slabs_put

static int setup(void **state)
{
    (void)state;
    little_slabs_forget();
    little_slabs_start();
    assert_non_null(st_cache_mine());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    crew_end_all();
    little_slabs_expect_empty();
    return 0;
}

/* ---- what another thread is told to do ---- */

/* The thread gets them all. */
static void get_by(size_t thread, size_t class_idx, char **mem, size_t count)
{
    slab_orders_get(thread, class_idx, mem, count);
    for (size_t i = 0; i < count; i++) assert_non_null(mem[i]);
}

static void put_by(size_t thread, char **mem, size_t count)
{
    slab_orders_put(thread, mem, count);
}

static void flush_act(void *context)
{
    (void)context;
    st_cache_flush();
}

static size_t waiting(void) { return st_cache_mine()->remote_count; }

/* ---- collected and put back ---- */

static void others_blocks_are_put_back_together(void **state)
{
    (void)state;
    char *mem[100];
    get_by(1, 4, mem, 100);
    for (size_t i = 0; i < 100; i++) {
        size_t before = i / ST_CACHE_REMOTES * ST_CACHE_REMOTES;
        assert_int_equal(waiting(), i - before);
        PUT(mem[i]);
        /* With the last of a portion all of it is in its slab. */
        bool is_last = (i + 1) % ST_CACHE_REMOTES == 0;
        for (size_t j = before; j <= i; j++)
            assert_int_equal(little_slabs_fault(mem[j]),
                             is_last ? st_misuse_double_free : st_misuse_none);
        little_slabs_expect_sound();
    }
    assert_int_equal(waiting(), 100 % ST_CACHE_REMOTES);
    assert_int_equal(little_slabs_kept(4), 0);
    st_cache_flush();
    assert_int_equal(waiting(), 0);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(little_slabs_fault(mem[i]), st_misuse_double_free);
}

/* One portion has blocks of four threads, in turn; each gets its own back. */
static void a_portion_may_be_of_many_owners(void **state)
{
    (void)state;
    char *mem[4][ST_CACHE_REMOTES];
    for (size_t owner = 0; owner < 4; owner++)
        get_by(owner + 1, 1 + owner * 20, mem[owner], ST_CACHE_REMOTES);
    for (size_t i = 0; i < ST_CACHE_REMOTES; i++) PUT(mem[i * 7 % 4][i]);
    assert_int_equal(waiting(), 0);
    for (size_t i = 0; i < ST_CACHE_REMOTES; i++)
        for (size_t owner = 0; owner < 4; owner++)
            assert_int_equal(little_slabs_fault(mem[owner][i]),
                             owner == i * 7 % 4 ? st_misuse_double_free : st_misuse_none);
    little_slabs_expect_sound();
    for (size_t i = 0; i < ST_CACHE_REMOTES; i++)
        for (size_t owner = 0; owner < 4; owner++)
            if (owner != i * 7 % 4) PUT(mem[owner][i]);
}

/* The owner has its blocks again from the slab, not from whoever freed them. */
static void the_owner_has_them_again(void **state)
{
    (void)state;
    char *mem[64], *again[64];
    get_by(1, 64, mem, 64);
    put_by(2, mem, 64);
    get_by(2, 64, again, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_not_equal(little_slabs_idx(again[i]), little_slabs_idx(mem[0]));
    put_by(2, again, 4);
    get_by(1, 64, again, 64);
    for (size_t i = 0; i < 64; i++) assert_ptr_equal(again[i], mem[i]);
    put_by(1, again, 64);
}

/* It sleeps all the while. One slab of a class stays, as it may be wanted again. */
static void slabs_go_back_while_their_owner_sleeps(void **state)
{
    (void)state;
    enum { slabs = 20, many = slabs * 64 };
    static char *mem[many];
    get_by(1, 64, mem, many);
    assert_int_equal(little_slabs_used(), slabs);
    for (size_t i = 0; i < many; i++) PUT(mem[(i * 37 + 5) % many]);
    st_cache_flush();
    assert_int_equal(little_slabs_used(), 1);
    little_slabs_expect_sound();
}

static void an_owner_that_has_ended_gets_them_too(void **state)
{
    (void)state;
    enum { many = 3 * 64 };
    char *mem[many];
    get_by(1, 64, mem, many);
    crew_end(1);
    assert_int_equal(little_slabs_used(), 3);
    for (size_t i = 0; i < many; i++) PUT(mem[i]);
    st_cache_flush();
    assert_int_equal(little_slabs_used(), 0);
    /* The next thread has that cache. */
    char *next[2];
    get_by(2, 64, next, 2);
    assert_int_equal(st_cache_count(), 2);
    put_by(2, next, 2);
}

static void blocks_may_wander_in_a_circle(void **state)
{
    (void)state;
    enum { many = 500 };
    static char *mem[3][many];
    for (size_t round = 0; round < 12; round++) {
        for (size_t i = 0; i < 3; i++) get_by(i, 1 + round * 5, mem[i], many);
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < many; j++) memset(mem[i][j], (int)(i + 1), 16 + round * 80);
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < many; j++) assert_int_equal(*mem[i][j], i + 1);
        for (size_t i = 0; i < 3; i++) put_by((i + round) % 3, mem[i], many);
        little_slabs_expect_sound();
    }
}

/* ---- wrong ones ---- */

static void a_wrong_free_of_anothers_block_is_told_when_it_is_put_back(void **state)
{
    (void)state;
    char *mem[4];
    st_option_set(st_option_id_on_misuse, 1);
    get_by(1, 10, mem, 4);
    static const struct {
        size_t offset;
        const char *words;
    } cases[] = {{8, LITTLE_SLABS_MISALIGNED},
                 {48, LITTLE_SLABS_INTERIOR},
                 {160 * 300, LITTLE_SLABS_FOREIGN}};
    for (size_t i = 0; i < TESTING_COUNT(cases); i++) {
        PUT(mem[0] + cases[i].offset);
        assert_string_equal(os_fake_output(), "");
        st_cache_flush();
        little_slabs_expect_told(cases[i].words, mem[0] + cases[i].offset, 1);
        little_slabs_expect_sound();
    }
    PUT(mem[1]);
    PUT(mem[1]);
    assert_string_equal(os_fake_output(), "");
    st_cache_flush();
    little_slabs_expect_told(LITTLE_SLABS_DOUBLE, mem[1], 1);
    put_by(1, mem, 1);
    put_by(1, mem + 2, 2);
}

/* The owner keeps the block in its magazine meanwhile: told when the second of the two comes. */
static void a_block_freed_by_two_threads_is_told_once(void **state)
{
    (void)state;
    char *mem[2];
    st_option_set(st_option_id_on_misuse, 1);
    get_by(1, 10, mem, 2);
    put_by(1, mem, 1);
    PUT(mem[0]);
    st_cache_flush();
    assert_string_equal(os_fake_output(), "");
    crew_do(1, flush_act, NULL);
    little_slabs_expect_told(LITTLE_SLABS_DOUBLE, mem[0], 1);
    PUT(mem[1]);
}

/* Three slabs are gone. What is collected of one of them is told, also if others' slabs live by the
 * time that it is put back. */
static void a_block_of_a_slab_that_is_gone_was_freed_before(void **state)
{
    (void)state;
    enum { many = 3 * 64 };
    char *mem[many], *theirs[64];
    st_option_set(st_option_id_on_misuse, 1);
    get_by(1, 64, mem, many);
    put_by(1, mem, many);
    crew_do(1, flush_act, NULL);
    assert_int_equal(little_slabs_used(), 0);
    PUT(mem[64]);
    st_cache_flush();
    little_slabs_expect_told(LITTLE_SLABS_DOUBLE, mem[64], 1);
    uint32_t next = slices_state.dirty.first; /* the slice that is taken next */
    size_t at = 0;
    while (little_slabs_idx(mem[at]) == next) at++;
    PUT(mem[at]);
    get_by(2, 64, theirs, 64);
    assert_int_equal(little_slabs_idx(theirs[0]), next);
    st_cache_flush();
    little_slabs_expect_told(LITTLE_SLABS_DOUBLE, mem[at], 1);
    little_slabs_expect_sound();
    put_by(2, theirs, 64);
}

/* Between them are blocks of a slab that lives: those are put back, whatever the free slice's word
 * looks like. */
static void right_ones_are_put_back_beside_one_of_a_slab_that_is_gone(void **state)
{
    (void)state;
    char *gone[64], *mem[8];
    st_option_set(st_option_id_on_misuse, 1);
    get_by(1, 64, gone, 64);
    get_by(2, 5, mem, 8);
    put_by(1, gone, 64);
    crew_do(1, flush_act, NULL);
    uint32_t idx = little_slabs_idx(gone[0]);
    st_owner word = st_slices_word(idx);
    assert_int_equal(word & 255, ST_SLICE_FREE);
    /* As if the next free slice had the number of the second thread's cache. */
    uint32_t number = st_slab_depot_of(st_slices_word(little_slabs_idx(mem[0])));
    st_cache *cache = st_cache_mine();
    PUT(mem[0]);
    cache->remote[0] = gone[0]; /* PUT itself can't: the word is not a slab's */
    cache->remote[1] = mem[0];
    cache->remote[2] = mem[1];
    cache->remote_count = 3;
    slices_set_word(idx, number << 8 | ST_SLICE_FREE);
    st_cache_flush();
    slices_set_word(idx, word);
    little_slabs_expect_told(LITTLE_SLABS_DOUBLE, gone[0], 1);
    assert_int_equal(little_slabs_fault(mem[0]), st_misuse_double_free);
    assert_int_equal(little_slabs_fault(mem[1]), st_misuse_double_free);
    put_by(2, mem + 2, 6);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(others_blocks_are_put_back_together),
        UNIT_TEST(a_portion_may_be_of_many_owners),
        UNIT_TEST(the_owner_has_them_again),
        UNIT_TEST(slabs_go_back_while_their_owner_sleeps),
        UNIT_TEST(an_owner_that_has_ended_gets_them_too),
        UNIT_TEST(blocks_may_wander_in_a_circle),
        UNIT_TEST(a_wrong_free_of_anothers_block_is_told_when_it_is_put_back),
        UNIT_TEST(a_block_freed_by_two_threads_is_told_once),
        UNIT_TEST(a_block_of_a_slab_that_is_gone_was_freed_before),
        UNIT_TEST(right_ones_are_put_back_beside_one_of_a_slab_that_is_gone),
    };
    return TESTING_RUN(tests);
}

#else

static void there_are_no_caches_in_this_build(void **state)
{
    (void)state;
    assert_int_equal(os_fake_taken(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_are_no_caches_in_this_build)};
    return TESTING_RUN(tests);
}

#endif
