/* SPDX-License-Identifier: MIT-0
 *
 * Every wrong pointer that is put into a slab is told exactly, with its address, and if the program
 * goes on all is as it was. INV-SLAB-1 to -4 are broken, each alone, and seen.
 */
#include "fake/little_slabs.h"

#if STRATA_SLABS

#define SLICE ST_SLICE

static st_depot depot, other;

static int setup(void **state)
{
    (void)state;
    little_slabs_forget();
    assert_true(st_slices_start());
    depot = (st_depot){.number = 5};
    other = (st_depot){.number = 6};
    return 0;
}

static int check_depot(const char **first) ST_NO_LOCK_ANALYSIS
{
    return st_slab_check(&depot, first);
}

static void expect_sound(void)
{
    const char *first = NULL;
    int broken = st_slices_check(&first);
    TESTING_SOUND(broken, first);
    broken = check_depot(&first);
    TESTING_SOUND(broken, first);
}

static int teardown(void **state)
{
    (void)state;
    expect_sound();
    return 0;
}

static size_t take_from(st_depot *from, size_t class_idx, void **blocks,
                        size_t count) ST_NO_LOCK_ANALYSIS
{
    return st_slab_take(from, class_idx, blocks, count);
}

static void put(void *const *blocks, size_t count) ST_NO_LOCK_ANALYSIS
{
    st_slab_put(&depot, blocks, count);
}

static void put_one(void *mem) { put(&mem, 1); }

/* ---- faults ---- */

/* The sentence is said, with the address and nothing else; the slabs are untouched. */
static void expect_told(void *mem, const char *words)
{
    static st_slab before;
    char *place = st_slices_note(little_slabs_idx(mem));
    memcpy(&before, place, sizeof before);
    os_fake_clear_output();
    put_one(mem);
    little_slabs_expect_told(words, mem, 1);
    assert_memory_equal(place, &before, sizeof before);
}

#define DOUBLE LITTLE_SLABS_DOUBLE
#define FOREIGN LITTLE_SLABS_FOREIGN
#define INTERIOR LITTLE_SLABS_INTERIOR
#define MISALIGNED LITTLE_SLABS_MISALIGNED

static void every_wrong_pointer_is_told_for_what_it_is(void **state)
{
    (void)state;
    static const size_t classes[] = {1, 2, 3, 7, 48, 63, 64};
    st_option_set(st_option_id_on_misuse, 1);
    for (size_t i = 0; i < TESTING_COUNT(classes); i++) {
        void *blocks[10];
        size_t size = classes[i] * ST_SLAB_GRAIN;
        assert_int_equal(take_from(&depot, classes[i], blocks, 10), 10);
        char *mem = blocks[4];
        assert_int_equal(little_slabs_fault(mem), st_misuse_none);
        for (size_t at = 1; at < size; at++)
            expect_told(mem + at, at % 16 == 0 ? INTERIOR : MISALIGNED);
        for (size_t at = 10 * size; at < SLICE; at += at == 10 * size ? 7 * size : 4096 - 16) {
            char *beyond = (char *)blocks[0] + at;
            bool is_start = at % size == 0;
            assert_int_equal(little_slabs_fault(beyond),
                             is_start ? st_misuse_foreign : st_misuse_interior);
            expect_told(beyond, is_start ? FOREIGN : INTERIOR);
        }
        put_one(mem);
        assert_int_equal(little_slabs_fault(mem), st_misuse_double_free);
        expect_told(mem, DOUBLE);
        expect_sound();
        assert_int_equal(take_from(&depot, classes[i], blocks, 1), 1);
        assert_ptr_equal(blocks[0], mem);
        assert_int_equal(little_slabs_fault(mem), st_misuse_none);
    }
}

/* The rest above the last block that fits is nobody's. */
static void the_rest_of_a_slab_is_no_block(void **state)
{
    (void)state;
    void *blocks[SLICE / 48];
    size_t count = SLICE / 48; /* 16 bytes are left over */
    st_option_set(st_option_id_on_misuse, 1);
    assert_int_equal(take_from(&depot, 3, blocks, count), count);
    char *rest = (char *)blocks[0] + count * 48;
    assert_int_equal(little_slabs_fault(rest), st_misuse_foreign);
    expect_told(rest, FOREIGN);
}

static void a_block_of_a_slab_that_went_back_was_freed_before(void **state)
{
    (void)state;
    void *blocks[128];
    st_option_set(st_option_id_on_misuse, 1);
    assert_int_equal(take_from(&depot, 64, blocks, 64), 64);
    assert_int_equal(take_from(&depot, 64, blocks + 64, 64), 64);
    put_one(blocks[0]);
    put(blocks + 64, 64); /* the second slab goes back: the first has a block to be had */
    assert_int_equal(little_slabs_fault(blocks[64]), st_misuse_foreign);
    expect_told(blocks[64], DOUBLE);
    expect_told(blocks[127], DOUBLE);
    /* Its slice is somebody else's now. */
    void *theirs[4];
    assert_int_equal(take_from(&other, 64, theirs, 4), 4);
    assert_int_equal(little_slabs_idx(theirs[0]), little_slabs_idx(blocks[64]));
    expect_told(blocks[64], DOUBLE);
    assert_int_equal(little_slabs_fault(theirs[0]), st_misuse_none);
}

/* Wrong ones between right ones, in one portion: the right ones are put back. */
static void the_others_of_a_portion_are_put_back(void **state)
{
    (void)state;
    void *blocks[64], *again[64];
    st_option_set(st_option_id_on_misuse, 1);
    assert_int_equal(take_from(&depot, 32, blocks, 20), 20);
    void *const mixed[] = {
        blocks[0], (char *)blocks[1] + 16, blocks[2], blocks[0], (char *)blocks[0] + 20 * 512,
        blocks[3], (char *)blocks[3] + 1,  blocks[3], blocks[5]};
    put(mixed, TESTING_COUNT(mixed));
    size_t lines = 0;
    for (const char *at = os_fake_output(); *at != '\0'; at++) lines += *at == '\n';
    assert_int_equal(lines, 5);
    expect_sound();
    static const size_t free_ones[] = {0, 2, 3, 5};
    assert_int_equal(take_from(&depot, 32, again, 4), 4);
    for (size_t i = 0; i < 4; i++) assert_ptr_equal(again[i], blocks[free_ones[i]]);
}

static void a_slab_of_wrong_pointers_only_is_left_full(void **state)
{
    (void)state;
    void *blocks[64];
    st_option_set(st_option_id_on_misuse, 1);
    assert_int_equal(take_from(&depot, 64, blocks, 64), 64);
    void *const wrong[] = {(char *)blocks[3] + 8, (char *)blocks[5] + 512};
    put(wrong, 2);
    assert_int_equal(depot.partial[64], 0);
}

static void put_context(void *mem) { put_one(mem); }

static void a_wrong_pointer_ends_the_process_if_not_told_otherwise(void **state)
{
    (void)state;
    void *blocks[4];
    assert_int_equal(take_from(&depot, 10, blocks, 4), 4);
    put_one(blocks[2]);
    assert_true(os_fake_stops(put_context, blocks[2]));
    assert_non_null(strstr(os_fake_output(), "is already free"));
    os_fake_clear_output();
    assert_true(os_fake_stops(put_context, (char *)blocks[1] + 16));
    assert_non_null(strstr(os_fake_output(), "not the start of a block"));
}

/* ---- invariants ---- */

#define EXPECT_BROKEN(id) LITTLE_SLABS_EXPECT_BROKEN(check_depot, id)

/* A slab with 100 blocks of class 1 handed out, some of them free again, in the first two words. */
static st_slab *prepare_slab(void **blocks)
{
    assert_int_equal(take_from(&depot, 1, blocks, 100), 100);
    put(blocks + 10, 3);
    put_one(blocks[70]);
    expect_sound();
    return st_slices_note(little_slabs_idx(blocks[0]));
}

static void a_wrong_count_breaks_inv_slab_1(void **state)
{
    (void)state;
    void *blocks[100];
    st_slab *slab = prepare_slab(blocks);
    slab->free_count++;
    EXPECT_BROKEN("INV-SLAB-1");
    slab->free_count = (uint16_t)(slab->free_count - 2);
    EXPECT_BROKEN("INV-SLAB-1");
    slab->free_count++;
    slab->bits[0] ^= 1; /* a block that is out is told to be free */
    EXPECT_BROKEN("INV-SLAB-1");
    slab->bits[0] ^= 1;
}

/* In the room, where the bits of blocks 896 and up are. */
static void a_wrong_bit_in_the_room_breaks_inv_slab_1(void **state)
{
    (void)state;
    static void *blocks[1000];
    assert_int_equal(take_from(&depot, 1, blocks, 1000), 1000);
    uint32_t idx = little_slabs_idx(blocks[0]);
    uint64_t *word = st_slab_bits(st_slices_note(idx), idx, 14);
    assert_ptr_equal(word, st_slices_room(idx));
    *word ^= 1;
    st_slab *slab = st_slices_note(idx);
    slab->word_hint = 0;
    EXPECT_BROKEN("INV-SLAB-1");
    *word ^= 1;
}

static void a_bit_beyond_the_fresh_breaks_inv_slab_2(void **state)
{
    (void)state;
    void *blocks[100];
    st_slab *slab = prepare_slab(blocks);
    static const unsigned bits[] = {100, 101, 127};
    for (size_t i = 0; i < TESTING_COUNT(bits); i++) {
        slab->bits[1] ^= (uint64_t)1 << (bits[i] - 64);
        slab->free_count++; /* or INV-SLAB-1 would be broken, too */
        EXPECT_BROKEN("INV-SLAB-2");
        slab->bits[1] ^= (uint64_t)1 << (bits[i] - 64);
        slab->free_count--;
    }
}

static void a_hint_above_a_bit_breaks_inv_slab_2(void **state)
{
    (void)state;
    void *blocks[100];
    st_slab *slab = prepare_slab(blocks);
    assert_int_equal(slab->word_hint, 0);
    slab->word_hint = 1;
    EXPECT_BROKEN("INV-SLAB-2");
    slab->word_hint = 2;
    EXPECT_BROKEN("INV-SLAB-2");
    slab->word_hint = 0;
}

static void a_slab_on_no_list_or_the_wrong_one_breaks_inv_slab_3(void **state)
{
    (void)state;
    void *blocks[100];
    st_slab *slab = prepare_slab(blocks);
    uint32_t idx = depot.partial[1];
    depot.partial[1] = 0; /* it is on none */
    EXPECT_BROKEN("INV-SLAB-3");
    depot.partial[2] = idx; /* it is on another class's */
    EXPECT_BROKEN("INV-SLAB-3");
    depot.partial[2] = 0;
    depot.partial[1] = idx;
    slab->list = st_slab_list_none; /* it is, and does not know */
    EXPECT_BROKEN("INV-SLAB-3");
    slab->list = st_slab_list_partial;
    expect_sound();
}

static void a_full_slab_on_a_list_breaks_inv_slab_3(void **state)
{
    (void)state;
    void *blocks[64];
    assert_int_equal(take_from(&depot, 64, blocks, 64), 64);
    st_slab *slab = st_slices_note(little_slabs_idx(blocks[0]));
    depot.partial[64] = little_slabs_idx(blocks[0]);
    slab->list = st_slab_list_partial;
    slab->next = 0;
    EXPECT_BROKEN("INV-SLAB-3");
    depot.partial[64] = 0;
    slab->list = st_slab_list_none;
}

static void a_block_on_a_clean_page_breaks_inv_slab_4(void **state)
{
    (void)state;
    void *blocks[100];
    st_slab *slab = prepare_slab(blocks);
    slab->clean = 1; /* where the blocks are */
    EXPECT_BROKEN("INV-SLAB-4");
    slab->clean = (uint16_t)~1u; /* nobody ever took one there */
    expect_sound();
    slab->clean = 0;
}

static void a_wrong_sum_breaks_inv_slab_5(void **state)
{
    (void)state;
    void *blocks[100];
    prepare_slab(blocks);
    depot.live += 16;
    EXPECT_BROKEN("INV-SLAB-5");
    depot.live -= 32;
    EXPECT_BROKEN("INV-SLAB-5");
    depot.live += 16;
}

/* A check is of one depot: what is wrong with another's slabs is not told. */
static void a_check_is_of_one_depot(void **state)
{
    (void)state;
    void *blocks[100];
    st_slab *slab = prepare_slab(blocks);
    slab->free_count++;
    EXPECT_BROKEN("INV-SLAB-1");
    const char *first = "nothing";
    assert_int_equal(st_slab_check(&other, &first), 0);
    assert_string_equal(first, "nothing");
    slab->free_count--;
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(every_wrong_pointer_is_told_for_what_it_is),
        UNIT_TEST(the_rest_of_a_slab_is_no_block),
        UNIT_TEST(a_block_of_a_slab_that_went_back_was_freed_before),
        UNIT_TEST(the_others_of_a_portion_are_put_back),
        UNIT_TEST(a_slab_of_wrong_pointers_only_is_left_full),
        UNIT_TEST(a_wrong_pointer_ends_the_process_if_not_told_otherwise),
        UNIT_TEST(a_wrong_count_breaks_inv_slab_1),
        UNIT_TEST(a_wrong_bit_in_the_room_breaks_inv_slab_1),
        UNIT_TEST(a_bit_beyond_the_fresh_breaks_inv_slab_2),
        UNIT_TEST(a_hint_above_a_bit_breaks_inv_slab_2),
        UNIT_TEST(a_slab_on_no_list_or_the_wrong_one_breaks_inv_slab_3),
        UNIT_TEST(a_full_slab_on_a_list_breaks_inv_slab_3),
        UNIT_TEST(a_block_on_a_clean_page_breaks_inv_slab_4),
        UNIT_TEST(a_wrong_sum_breaks_inv_slab_5),
        UNIT_TEST(a_check_is_of_one_depot),
    };
    return TESTING_RUN(tests);
}

#else

static void there_are_no_slabs_in_this_build(void **state)
{
    (void)state;
    assert_int_equal(os_fake_taken(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there_are_no_slabs_in_this_build)};
    return TESTING_RUN(tests);
}

#endif
