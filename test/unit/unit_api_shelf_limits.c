/* SPDX-License-Identifier: MIT-0
 *
 * Shelves: how many blocks a class may have and how much all of them, and that what a thread keeps goes
 * when it ends.
 */
#include "fake/shelf_look.h"

#if STRATA_SLABS

/* ---- how many ---- */

/* Blocks of a class whose smallest ones have `smallest` bytes, if magazine_limit is `limit`. */
static size_t most_of(size_t limit, size_t smallest)
{
    return st_min(ST_SHELF_SLOTS, st_max(2, 2 * limit / smallest));
}

/* Takes `count` blocks of the size, then frees all of them. */
static void tear_down(char **mem, size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++) mem[i] = strata_malloc(size);
    for (size_t i = 0; i < count; i++) strata_free(mem[i]);
}

static void a_shelf_grows_if_it_was_empty_since_it_was_full(void **state)
{
    (void)state;
    char *mem[100];
    const size_t class_idx = shelf_look_class_of(st_chunk_size_for(1500));
    const size_t most = most_of(64 * ST_KIB, 1408);
    size_t limit = 0;
    for (size_t i = 0; i < 8; i++) {
        tear_down(mem, 1500, 100);
        limit = st_min(limit * 2 + 2, most);
        assert_int_equal(shelf_look_limit_of(class_idx), limit);
        size_t count = shelf_look_count_of(class_idx);
        assert_true(count > 0 && count <= limit);
        /* What is kept are the last ones, newest last. */
        for (size_t j = 0; j < count; j++)
            assert_ptr_equal(shelf_look_block_of(class_idx, j), mem[100 - count + j]);
        /* Without a request that found nothing it stays as it is. */
        for (size_t j = 0; j < count; j++) mem[j] = shelf_look_block_of(class_idx, j);
        for (size_t j = 0; j < count; j++)
            assert_ptr_equal(strata_malloc(1500), mem[count - 1 - j]);
        for (size_t j = 0; j < count; j++) strata_free(mem[j]);
        assert_int_equal(shelf_look_limit_of(class_idx), limit);
    }
    assert_int_equal(limit, most);
}

static void the_older_half_goes_when_a_shelf_is_full(void **state)
{
    (void)state;
    char *mem[8];
    for (size_t i = 0; i < 8; i++) mem[i] = st_heap_alloc(1450, NULL);
    const size_t class_idx = shelf_look_class_of(st_chunk_size_for(1450));
    /* Two, then six. */
    for (size_t i = 0; i < 2; i++) strata_free(mem[i]);
    assert_null(shelf_look_take(30000, 1)); /* another class is empty: that does not count */
    strata_free(mem[2]);
    assert_int_equal(shelf_look_limit_of(class_idx), 2);
    assert_int_equal(shelf_look_count_of(class_idx), 2);
    assert_ptr_equal(shelf_look_block_of(class_idx, 0), mem[1]);
    assert_ptr_equal(shelf_look_block_of(class_idx, 1), mem[2]);
    assert_int_equal(strata_usable_size(mem[0]), 0); /* in its space */
    assert_null(shelf_look_take(1500, 1)); /* of its class, and it has nothing so large */
    for (size_t i = 3; i < 7; i++) strata_free(mem[i]);
    assert_int_equal(shelf_look_limit_of(class_idx), 6);
    assert_int_equal(shelf_look_count_of(class_idx), 6);
    strata_free(mem[7]);
    assert_int_equal(shelf_look_count_of(class_idx), 4);
    for (size_t i = 0; i < 4; i++)
        assert_ptr_equal(shelf_look_block_of(class_idx, i), mem[4 + i]);
}

/* As many as are allowed of the smallest that is in the class; a few in any case, or none. */
static void the_option_bounds_shelves(void **state)
{
    (void)state;
    static const struct {
        size_t limit, size, smallest;
    } cases[] = {
        {64 * ST_KIB, 1030, 1024},
        {64 * ST_KIB, 2048, 2048},
        {64 * ST_KIB, 4096, 4096},
        {64 * ST_KIB, 20480, 20480},
        {64 * ST_KIB, 32000, 30720},
        {64 * ST_KIB, 100000, 98304},
        {8 * ST_KIB, 2000, 1920},
        {8 * ST_KIB, 8000, 7680},
        {1, 1030, 1024},
        {16 * ST_MIB, 3000, 2816},
        {64 * ST_KIB, 300000, 294912},
    };
    static char *mem[100];
    for (size_t i = 0; i < TESTING_COUNT(cases); i++) {
        assert_int_equal(strata_option_set("magazine_limit", cases[i].limit), 0);
        for (size_t round = 0; round < 10; round++) tear_down(mem, cases[i].size, 100);
        size_t class_idx = shelf_look_class_of(st_chunk_size_for(cases[i].size));
        size_t most = most_of(cases[i].limit, cases[i].smallest);
        assert_int_equal(shelf_look_limit_of(class_idx), most);
        assert_true(shelf_look_count_of(class_idx) > 0 &&
                    shelf_look_count_of(class_idx) <= most);
        little_front_expect_sound();
    }
    assert_int_equal(strata_option_set("magazine_limit", 0), 0);
    tear_down(mem, 1030, 100);
    assert_int_equal(shelf_look_kept_count(), 0);
}

/* ---- how much ---- */

static size_t kept_bytes(void)
{
    size_t bytes = 0;
    for (size_t class_idx = 0; class_idx < ST_SHELF_CLASSES; class_idx++)
        for (size_t i = 0; i < shelf_look_count_of(class_idx); i++)
            bytes += st_heap_usable_now(shelf_look_block_of(class_idx, i)) + ST_CHUNK_OVERHEAD;
    return bytes;
}

/* A sixteenth of what strata holds, or a little if that is not much. */
static size_t kept_at_most(void) { return st_max(256 * ST_KIB, st_room_held() / 16); }

/* Blocks of all classes are freed again and again: never is more kept than the share, or one block,
 * and the account of it is exact. */
static void all_shelves_together_keep_a_share(void **state)
{
    (void)state;
    enum { many = 300 };
    static char *mem[many];
    size_t most_seen = 0;
    for (size_t round = 0; round < 12; round++) {
        size_t range = round % 2 == 0 ? 60000 : ST_SHELF_LIMIT - ST_SLAB_LIMIT;
        for (size_t i = 0; i < many; i++)
            mem[i] = strata_malloc(1025 + (i * 7919 + round * 100) % range);
        size_t most =
            st_max(kept_at_most(),
                   shelf_look_shelves_here() == NULL ? 0 : shelf_look_shelves_here()->most);
        for (size_t i = 0; i < many; i++) {
            strata_free(mem[i]);
            assert_int_equal(kept_bytes(), shelf_look_shelves_here()->kept);
            most = st_max(most, kept_at_most());
            assert_true(kept_bytes() <= most);
            most_seen = st_max(most_seen, kept_bytes());
        }
        little_front_expect_sound();
    }
    assert_true(most_seen > 128 * ST_KIB);
}

static void one_block_is_kept_however_large(void **state)
{
    (void)state;
    (void)strata_trim(0);                /* little is held now, and the share is small, */
    shelf_look_shelves_here()->most = 0; /* whatever it was when it was last looked at */
    char *mem = strata_malloc(ST_SHELF_LIMIT);
    char *other = strata_malloc(ST_SHELF_LIMIT);
    char *small = strata_malloc(1100);
    assert_int_equal(kept_at_most(), 256 * ST_KIB);
    strata_free(mem);
    assert_int_equal(shelf_look_kept_count(), 1);
    assert_true(shelf_look_is_kept(mem));
    strata_free(other);
    assert_int_equal(shelf_look_kept_count(), 1);
    assert_true(shelf_look_is_kept(other));
    assert_int_equal(shelf_look_shelves_here()->most, st_chunk_size_for(ST_SHELF_LIMIT));
    /* The next one is no reason to keep more than the share: the large one goes. */
    strata_free(small);
    assert_int_equal(shelf_look_kept_count(), 1);
    assert_true(shelf_look_is_kept(small));
    assert_int_equal(shelf_look_shelves_here()->most, 256 * ST_KIB);
}

/* Two rounds through all classes, of each of which half gives way: with what is left then it is still too
 * large for the share, and goes to its space. */
static void a_large_block_does_not_displace_all(void **state)
{
    (void)state;
    static char *mem[100];
    const size_t class_idx = shelf_look_class_of(st_chunk_size_for(1500));
    char *large = strata_malloc(ST_SHELF_LIMIT);
    for (size_t round = 0; round < 3; round++) tear_down(mem, 1500, 100);
    size_t count = shelf_look_count_of(class_idx);
    assert_true(count >= 4);
    assert_int_equal(shelf_look_kept_count(), count);
    assert_int_equal(kept_at_most(), 256 * ST_KIB);
    strata_free(large);
    assert_false(shelf_look_is_kept(large));
    assert_int_equal(strata_usable_size(large), 0);
    assert_int_equal(shelf_look_count_of(class_idx), count / 2 / 2);
    assert_int_equal(shelf_look_shelves_here()->most, 256 * ST_KIB);
}

/* A program that holds much may keep more. */
static void the_share_grows_with_what_is_held(void **state)
{
    (void)state;
    enum { many = 31 };
    char *mem[many], *large[12];
    assert_int_equal(strata_option_set("magazine_limit", 16 * ST_MIB), 0);
    for (size_t i = 0; i < many; i++) mem[i] = strata_malloc(32000);
    for (size_t i = 0; i < 12; i++) large[i] = strata_malloc(3 * ST_MIB);
    for (size_t i = 0; i < 12; i++) memset(large[i], 1, 3 * ST_MIB);
    for (size_t round = 0; round < 6; round++) {
        for (size_t i = 0; i < many; i++) strata_free(mem[i]);
        for (size_t i = 0; i < many; i++) mem[i] = strata_malloc(32000);
    }
    for (size_t i = 0; i < many; i++) strata_free(mem[i]);
    if (STRATA_RETURN) assert_true(kept_bytes() > 512 * ST_KIB);
    for (size_t i = 0; i < 12; i++) strata_free(large[i]);
}

/* When strata comes to hold more than ever, what a thread keeps is not what that is for. */
static void shelves_give_way_when_the_heap_grows(void **state)
{
    (void)state;
    enum { many = 31 };
    char *mem[many];
    if (!STRATA_RETURN) return;
    assert_int_equal(strata_option_set("magazine_limit", ST_MIB), 0);
    for (size_t round = 0; round < 5; round++) tear_down(mem, 7000, many);
    size_t kept = kept_bytes();
    assert_true(kept > 50 * ST_KIB);
    char *large = strata_malloc(64 * ST_MIB);
    memset(large, 1, 64 * ST_MIB);
    for (size_t i = 0; i < many; i++) mem[i] = strata_malloc(9000); /* these are not kept */
    assert_true(kept_bytes() <= st_max(st_room_held() / 256, kept / 2));
    for (size_t i = 0; i < many; i++) strata_free(mem[i]);
    strata_free(large);
}

/* ---- threads ---- */

static void anothers_block_is_kept_by_who_frees_it(void **state)
{
    (void)state;
    char *theirs;
    crew_do(1, shelf_look_malloc_act, &theirs);
    strata_free(theirs);
    assert_int_equal(shelf_look_kept_count(), 1);
    assert_true(shelf_look_is_kept(theirs));
    char *other;
    crew_do(1, shelf_look_malloc_act, &other);
    assert_ptr_not_equal(other, theirs);
    assert_ptr_equal(strata_malloc(7000), theirs);
    strata_free(other);
    strata_free(theirs);
}

static void a_thread_that_ends_empties_its_shelves(void **state)
{
    (void)state;
    char *theirs;
    crew_do(1, shelf_look_malloc_act, &theirs);
    crew_do(1, shelf_look_free_act, theirs);
    assert_int_equal(shelf_look_kept_count(), 1);
    assert_true(shelf_look_is_kept(theirs));
    crew_end(1);
    assert_int_equal(shelf_look_kept_count(), 0);
    assert_false(shelf_look_is_kept(theirs));
    assert_int_equal(strata_usable_size(theirs), 0);
    /* The next thread has them anew. */
    crew_do(2, shelf_look_malloc_act, &theirs);
    crew_do(2, shelf_look_free_act, theirs);
    assert_int_equal(shelf_look_kept_count(), 1);
}

static void end_and_free(void *mem)
{
    assert_true(os_fake_end_thread());
    strata_free(mem);
    strata_free(strata_malloc(9000));
}

static void after_its_end_a_thread_keeps_nothing(void **state)
{
    (void)state;
    char *theirs;
    crew_do(1, shelf_look_malloc_act, &theirs);
    crew_do(1, end_and_free, theirs);
    assert_int_equal(shelf_look_kept_count(), 0);
}

static void without_memory_for_shelves_nothing_is_kept(void **state)
{
    (void)state;
    char *theirs[6];
    /* The last of these has a new cache, as no more are left of threads that have ended. */
    for (size_t i = 0; i < 6; i++) crew_do(2 + i, shelf_look_begin_small_act, NULL);
    for (size_t i = 0; i < 6; i++) theirs[i] = strata_malloc(7000);
    size_t size = st_cache_room_size();
    os_fake_fail(OS_FAKE_ONLY(map), 1, true);
    while (st_cache_room(256) != NULL) continue; /* up to the end of what was taken last */
    assert_int_equal(st_cache_room_size(), size);
    crew_do(1, shelf_look_free_act, theirs[0]); /* a new thread: it has not even a cache */
    crew_do(7, shelf_look_free_act, theirs[1]); /* it has that, and no shelves */
    assert_int_equal(shelf_look_kept_count(), 0);
    os_fake_fail(OS_FAKE_ANY, 0, false);
    crew_do(1, shelf_look_begin_act, &theirs[0]);
    strata_free(theirs[0]);
    st_shelf_flush();
    crew_do(1, shelf_look_free_act, theirs[2]);
    crew_do(7, shelf_look_free_act, theirs[3]);
    assert_int_equal(shelf_look_kept_count(), 2);
    strata_free(theirs[4]);
    strata_free(theirs[5]);
}

#define UNIT_TEST(name)                                                                        \
    cmocka_unit_test_setup_teardown(name, little_front_setup, little_front_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_shelf_grows_if_it_was_empty_since_it_was_full),
        UNIT_TEST(the_older_half_goes_when_a_shelf_is_full),
        UNIT_TEST(the_option_bounds_shelves),
        UNIT_TEST(all_shelves_together_keep_a_share),
        UNIT_TEST(one_block_is_kept_however_large),
        UNIT_TEST(a_large_block_does_not_displace_all),
        UNIT_TEST(the_share_grows_with_what_is_held),
        UNIT_TEST(shelves_give_way_when_the_heap_grows),
        UNIT_TEST(anothers_block_is_kept_by_who_frees_it),
        UNIT_TEST(a_thread_that_ends_empties_its_shelves),
        UNIT_TEST(after_its_end_a_thread_keeps_nothing),
        UNIT_TEST(without_memory_for_shelves_nothing_is_kept),
    };
    return TESTING_RUN(tests);
}

#else

static void there_are_no_shelves_in_this_build(void **state)
{
    (void)state;
    assert_int_equal(os_fake_taken(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_are_no_shelves_in_this_build)};
    return TESTING_RUN(tests);
}

#endif
