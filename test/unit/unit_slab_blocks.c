/* SPDX-License-Identifier: MIT-0
 *
 * Slabs: which blocks are taken in which order, where those lie, when a slab is given back, and that
 * nothing of a slice's earlier life is seen. What wrong pointers do is in unit_slab_faults.c.
 */
#include "fake/little_slabs.h"

#if STRATA_SLABS

/* In the amalgamation they are in sight already. */
#ifndef STRATA_AMALGAMATION
#include "slab/slab.c"
#endif

#define SLICE ST_SLICE
#define BLOCKS_MAX (SLICE / ST_SLAB_GRAIN)

static st_depot depot;

static int setup(void **state)
{
    (void)state;
    little_slabs_forget();
    assert_true(st_slices_start());
    depot = (st_depot){.number = 5};
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
    assert_string_equal(os_fake_output(), "");
    return 0;
}

static size_t take(size_t class_idx, void **blocks, size_t count) ST_NO_LOCK_ANALYSIS
{
    return st_slab_take(&depot, class_idx, blocks, count);
}

static char *take_one(size_t class_idx)
{
    void *mem = NULL;
    assert_int_equal(take(class_idx, &mem, 1), 1);
    return mem;
}

static void put(void *const *blocks, size_t count) ST_NO_LOCK_ANALYSIS
{
    st_slab_put(&depot, blocks, count);
}

static void put_one(void *mem) { put(&mem, 1); }

static void trim(void) ST_NO_LOCK_ANALYSIS { st_slab_trim(&depot); }

static void leave(void) ST_NO_LOCK_ANALYSIS { st_slab_leave(&depot); }

static st_slab *slab_with(const void *mem) { return st_slices_note(little_slabs_idx(mem)); }

static size_t block_count(size_t class_idx) { return SLICE / (class_idx * ST_SLAB_GRAIN); }

/* ---- classes ---- */

static void every_request_has_the_smallest_class_that_fits(void **state)
{
    (void)state;
    assert_int_equal(st_slab_class_for(0), 0);
    for (size_t req = 1; req <= ST_SLAB_LIMIT; req++) {
        size_t class_idx = st_slab_class_for(req);
        assert_true(class_idx >= 1 && class_idx <= ST_SLAB_CLASSES);
        assert_true(class_idx * ST_SLAB_GRAIN >= req);
        assert_true((class_idx - 1) * ST_SLAB_GRAIN < req);
    }
    assert_int_equal(st_slab_class_of(0), 0);
    assert_int_equal(st_slab_class_of(9 << 8 | ST_SLICE_FREE), 0);
    for (uint32_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++) {
        assert_int_equal(st_slab_class_of(77 << 8 | class_idx), class_idx);
        assert_int_equal(st_slab_depot_of(77 << 8 | class_idx), 77);
    }
    assert_int_equal(st_slab_class_of(ST_SLAB_CLASSES + 1), 0);
}

/* A block is found by a multiplication: right for every offset in a slice, of every class. */
static void every_offset_is_told_to_be_a_start_or_not(void **state)
{
    (void)state;
    char *base = st_slices_base(st_slices_take(9 << 8 | 1));
    for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++) {
        size_t size = class_idx * ST_SLAB_GRAIN;
        for (size_t offset = 0; offset < SLICE; offset++) {
            bool is_start = offset % size == 0;
            if (st_slab_is_start(base + offset, class_idx) != is_start)
                fail_msg("class %zu, offset %zu", class_idx, offset);
            uint32_t wanted = is_start ? (uint32_t)(offset / size) : UINT32_MAX;
            if (slab_block_idx(base + offset, class_idx) != wanted)
                fail_msg("class %zu, offset %zu: another block", class_idx, offset);
        }
    }
}

/* ---- take ---- */

/* All that fit, upwards; then the next slab's. They are written to the last byte. */
static void the_blocks_of_every_class_fill_their_slab(void **state)
{
    (void)state;
    static void *blocks[BLOCKS_MAX + 1];
    for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++) {
        size_t size = class_idx * ST_SLAB_GRAIN;
        size_t count = block_count(class_idx);
        assert_int_equal(take(class_idx, blocks, count), count);
        char *base = st_slices_base(little_slabs_idx(blocks[0]));
        for (size_t i = 0; i < count; i++) {
            assert_ptr_equal(blocks[i], base + i * size);
            memset(blocks[i], (int)(i + class_idx), size);
        }
        assert_true(base + SLICE - (char *)blocks[count - 1] < (ptrdiff_t)(2 * size));
        const st_slab *slab = slab_with(base);
        assert_int_equal(st_slab_block_count(class_idx), count);
        assert_int_equal(slab->free_count, 0);
        assert_int_equal(depot.partial[class_idx], 0);
        expect_sound();
        blocks[count] = take_one(class_idx);
        assert_int_not_equal(little_slabs_idx(blocks[count]), little_slabs_idx(base));
        for (size_t i = 0; i < count; i++)
            assert_int_equal(*((char *)blocks[i] + size - 1), (char)(i + class_idx));
        put(blocks, count + 1);
        expect_sound();
    }
    assert_int_equal(little_slabs_used(), ST_SLAB_CLASSES); /* one each stays */
    trim();
    assert_int_equal(little_slabs_used(), 0);
}

/* Fresh blocks in small portions, and used ones again: the lowest first, whatever word of bits they
 * are in. */
static void used_blocks_are_taken_upwards_before_fresh_ones(void **state)
{
    (void)state;
    static const size_t classes[] = {1, 2, 3, 5, 13, 63, 64};
    for (size_t c = 0; c < TESTING_COUNT(classes); c++) {
        size_t size = classes[c] * ST_SLAB_GRAIN;
        size_t half = block_count(classes[c]) / 2;
        static void *blocks[BLOCKS_MAX];
        for (size_t i = 0; i < half; i++) blocks[i] = take_one(classes[c]);
        char *base = blocks[0];
        for (size_t i = 0; i < half; i++) assert_ptr_equal(blocks[i], base + i * size);
        /* Every third one, downwards. */
        for (size_t i = half; i-- > 0;)
            if (i % 3 == 0) put_one(blocks[i]);
        expect_sound();
        for (size_t i = 0; i < half; i += 3) assert_ptr_equal(take_one(classes[c]), blocks[i]);
        assert_ptr_equal(take_one(classes[c]), base + half * size);
        assert_int_equal(slab_with(base)->fresh, half + 1);
        expect_sound();
    }
}

static void a_portion_may_be_of_used_and_of_fresh_blocks(void **state)
{
    (void)state;
    void *blocks[200], *again[200];
    assert_int_equal(take(4, blocks, 100), 100);
    put(blocks + 10, 5);
    put(blocks + 70, 20);
    assert_int_equal(take(4, again, 40), 40);
    for (size_t i = 0; i < 5; i++) assert_ptr_equal(again[i], blocks[10 + i]);
    for (size_t i = 0; i < 20; i++) assert_ptr_equal(again[5 + i], blocks[70 + i]);
    for (size_t i = 0; i < 15; i++)
        assert_ptr_equal(again[25 + i], (char *)blocks[0] + (100 + i) * 64);
    assert_int_equal(slab_with(blocks[0])->free_count, block_count(4) - 115);
}

/* What is left of one slab, though more was asked for: a new one is not begun for the rest. */
static void no_slab_is_begun_for_a_part_of_a_portion(void **state)
{
    (void)state;
    void *blocks[64];
    size_t count = block_count(64);
    assert_int_equal(count, 64);
    assert_int_equal(take(64, blocks, 60), 60);
    void *more[64];
    assert_int_equal(take(64, more, 10), 4);
    assert_int_equal(little_slabs_used(), 1);
    assert_int_equal(take(64, more, 10), 10);
    assert_int_equal(little_slabs_used(), 2);
}

/* Three slabs full; a block each comes back, the second's last. */
static void the_slab_last_put_into_comes_first(void **state)
{
    (void)state;
    enum { size = 1024, per_slab = 64 };
    void *blocks[3 * per_slab];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(take(64, blocks + i * per_slab, per_slab), per_slab);
    put_one(blocks[7]);
    put_one(blocks[2 * per_slab + 9]);
    put_one(blocks[per_slab + 8]);
    expect_sound();
    void *again[4];
    assert_int_equal(take(64, again, 4), 3); /* from all three, and no new one */
    assert_ptr_equal(again[0], blocks[per_slab + 8]);
    assert_ptr_equal(again[1], blocks[2 * per_slab + 9]);
    assert_ptr_equal(again[2], blocks[7]);
    assert_int_equal(little_slabs_used(), 3);
    /* One that has blocks to be had already stays where it is in the order. */
    put_one(blocks[0]);
    put_one(blocks[per_slab]);
    put_one(blocks[1]);
    assert_ptr_equal(take_one(64), blocks[per_slab]);
}

/* ---- give back ---- */

static void an_empty_slab_goes_unless_it_is_the_only_one(void **state)
{
    (void)state;
    enum { per_slab = 64 };
    void *blocks[3 * per_slab];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(take(64, blocks + i * per_slab, per_slab), per_slab);
    put(blocks, per_slab); /* the others have none to be had: it stays */
    assert_int_equal(little_slabs_used(), 3);
    assert_int_equal(depot.partial[64], little_slabs_idx(blocks[0]));
    put_one(blocks[per_slab]);
    put(blocks + per_slab + 1, per_slab - 1); /* the first can still be taken from */
    assert_int_equal(little_slabs_used(), 2);
    assert_int_equal(st_slab_class_of(st_slices_word(little_slabs_idx(blocks[per_slab]))), 0);
    put_one(blocks[2 * per_slab]);
    expect_sound();
    trim(); /* gives back the empty one, not the other */
    assert_int_equal(little_slabs_used(), 1);
    assert_int_equal(depot.partial[64], little_slabs_idx(blocks[2 * per_slab]));
    expect_sound();
    put(blocks + 2 * per_slab + 1, per_slab - 1);
    assert_int_equal(little_slabs_used(), 1);
    trim();
    assert_int_equal(little_slabs_used(), 0);
    assert_int_equal(depot.partial[64], 0);
    assert_int_equal(st_slices_next(0), 0);
}

/* Until a class lacks blocks again, what is left of its slabs goes when it is empty. */
static void a_left_depot_keeps_no_empty_slab(void **state)
{
    (void)state;
    char *mem = take_one(64), *other = take_one(32);
    put_one(other);
    assert_int_equal(little_slabs_used(), 2);
    leave();
    assert_int_equal(little_slabs_used(), 1);
    put_one(take_one(64)); /* from what is there */
    put_one(mem);
    assert_int_equal(little_slabs_used(), 0);
    put_one(take_one(64));
    assert_int_equal(little_slabs_used(), 1);
    trim();
}

/* ---- rare classes ---- */

static size_t class_with(const void *mem)
{
    return st_slab_class_of(st_slices_word(little_slabs_idx(mem)));
}

/* A single one at a time: what the magazine keeps is of one class. */
static void a_larger_block_stands_in_a_few_times(void **state)
{
    (void)state;
    enum { times = slab_lacks_max };
    void *stood_in[times], *own[8];
    char *mem = take_one(55);
    for (size_t i = 0; i < times; i++) {
        void *portion[8];
        assert_int_equal(take(45, portion, 8), 1);
        assert_int_equal(class_with(portion[0]), 55);
        stood_in[i] = portion[0];
    }
    assert_int_equal(little_slabs_used(), 1);
    assert_int_equal(take(45, own, 8), 8);
    assert_int_equal(class_with(own[0]), 45);
    expect_sound();
    put(stood_in, times);
    put(own, 8);
    put_one(mem);
    leave();
    /* Counted anew. */
    mem = take_one(55);
    stood_in[0] = take_one(45);
    assert_int_equal(class_with(stood_in[0]), 55);
    put_one(stood_in[0]);
    put_one(mem);
    trim();
}

static void the_first_blocks_of_a_class_come_from_elsewhere_unless_the_thread_is_the_first(void **state)
{
    (void)state;
    void *portion[8];
    st_slab_lacks_elsewhere = 2;
    for (size_t i = 0; i < 2; i++) assert_int_equal(take(44, portion, 8), 0);
    assert_int_equal(little_slabs_used(), 0);
    assert_int_equal(take(44, portion, 8), 8);
    put(portion, 8);
    leave();
    assert_int_equal(take(44, portion, 8), 0); /* counted anew */
    assert_int_equal(take(44, portion, 8), 0);
    /* Where a larger one stands in, that does. */
    char *mem = take_one(44);
    assert_int_equal(take(36, portion, 8), 1);
    assert_int_equal(class_with(portion[0]), 44);
    put_one(portion[0]);
    put_one(mem);
    trim();
    depot.number = 1;
    leave();
    assert_int_equal(take(44, portion, 8), 8);
    put(portion, 8);
    trim();
}

/* Not a smaller one, not one of much more, and none that lies less well. */
static void only_a_block_that_fits_stands_in(void **state)
{
    (void)state;
    static const struct {
        size_t there, wanted;
        bool stands_in;
    } cases[] = {{45, 44, false}, {48, 44, true}, {44, 45, false}, {61, 45, false}, {60, 45, true},
                 {40, 32, false}, {50, 40, false}, {48, 40, true}, {2, 1, false},   {5, 4, false},
                 {5, 3, false},   {4, 3, true},   {64, 48, true},
                 {6, 5, true},    {64, 63, true},  {63, 64, false}};
    for (size_t i = 0; i < TESTING_COUNT(cases); i++) {
        char *there = take_one(cases[i].there), *mem = take_one(cases[i].wanted);
        assert_int_equal(class_with(mem) == cases[i].there, cases[i].stands_in);
        put_one(there);
        put_one(mem);
        leave();
        assert_int_equal(little_slabs_used(), 0);
    }
}

/* In one portion, interleaved. */
static void blocks_of_many_slabs_are_put_back_at_once(void **state)
{
    (void)state;
    enum { per_slab = 64 };
    void *blocks[4 * per_slab], *mixed[4 * per_slab];
    assert_int_equal(take(64, blocks, per_slab), per_slab);
    assert_int_equal(take(63, blocks + per_slab, per_slab), per_slab);
    assert_int_equal(take(64, blocks + 2 * per_slab, per_slab), per_slab);
    assert_int_equal(take(32, blocks + 3 * per_slab, per_slab), per_slab);
    for (size_t i = 0; i < 4 * per_slab; i++)
        mixed[i] = blocks[i % 4 * per_slab + i / 4 * 5 % per_slab];
    put(mixed, 4 * per_slab);
    expect_sound();
    /* One of the two of class 64 has gone. */
    assert_int_equal(little_slabs_used(), 3);
    trim();
    assert_int_equal(little_slabs_used(), 0);
}

/* A slice that held large blocks holds small ones next, with other bits, and the other way round:
 * nothing of the old ones is seen. */
static void a_slice_begins_anew_with_every_class(void **state)
{
    (void)state;
    static void *blocks[BLOCKS_MAX];
    for (size_t round = 0; round < 300; round++) {
        size_t class_idx = round * 37 % ST_SLAB_CLASSES + 1;
        size_t count = block_count(class_idx);
        size_t some = round % 3 == 0 ? count : count / (round % 7 + 1);
        assert_int_equal(take(class_idx, blocks, some), some);
        for (size_t i = 0; i < some; i++)
            assert_ptr_equal(blocks[i], (char *)blocks[0] + i * class_idx * ST_SLAB_GRAIN);
        expect_sound();
        put(blocks, some);
        trim();
        assert_int_equal(little_slabs_used(), 0);
    }
    st_slices_totals totals;
    st_slices_totals_get(&totals);
    assert_int_equal(totals.used_peak, SLICE);
}

static void without_memory_nothing_is_taken(void **state)
{
    (void)state;
    void *blocks[64];
    os_fake_fail(OS_FAKE_ANY, 1, true);
    assert_int_equal(take(64, blocks, 64), 0);
    assert_int_equal(little_slabs_used(), 0);
    expect_sound();
    os_fake_fail(OS_FAKE_ANY, 0, false);
    assert_int_equal(take(64, blocks, 64), 64);
    os_fake_fail(OS_FAKE_ANY, 1, true);
    put(blocks, 64); /* wants no memory */
    assert_int_equal(take(64, blocks, 64), 64);
    assert_int_equal(os_fake_failed(), 0);
}

/* ---- at random, against a list of what is out ---- */

static void slabs_do_what_a_list_does(void **state)
{
    (void)state;
    enum { most = 3000 };
    static void *out[most];
    static unsigned char class_of[most];
    size_t count = 0;
    uint32_t dice = 4711;
    for (size_t step = 0; step < 40000; step++) {
        dice = dice * 1664525 + 1013904223;
        bool is_up = step / 4000 % 2 == 0;
        bool takes = (dice >> 24) < (is_up ? 160u : 90u);
        if (takes && count < most) {
            class_of[count] = (unsigned char)("\1\2\5\100"[dice >> 16 & 3]);
            out[count] = take_one(class_of[count]);
            memset(out[count], class_of[count], class_of[count] * ST_SLAB_GRAIN);
            count++;
        } else if (count > 0) {
            size_t at = (dice >> 8) % count;
            size_t size = class_of[at] * ST_SLAB_GRAIN;
            for (size_t i = 0; i < size; i++)
                assert_int_equal(((unsigned char *)out[at])[i], class_of[at]);
            put_one(out[at]);
            out[at] = out[--count];
            class_of[at] = class_of[count];
        }
        if (step % 500 == 0) expect_sound();
    }
    size_t used = 0;
    for (uint32_t idx = st_slices_next(0); idx != 0; idx = st_slices_next(idx)) {
        const st_slab *slab = st_slices_note(idx);
        used += (size_t)st_slab_block_count(st_slab_class_of(st_slices_word(idx))) - slab->free_count;
    }
    assert_int_equal(used, count);
    put(out, count);
    trim();
    assert_int_equal(little_slabs_used(), 0);
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(every_request_has_the_smallest_class_that_fits),
        UNIT_TEST(every_offset_is_told_to_be_a_start_or_not),
        UNIT_TEST(the_blocks_of_every_class_fill_their_slab),
        UNIT_TEST(used_blocks_are_taken_upwards_before_fresh_ones),
        UNIT_TEST(a_portion_may_be_of_used_and_of_fresh_blocks),
        UNIT_TEST(no_slab_is_begun_for_a_part_of_a_portion),
        UNIT_TEST(the_slab_last_put_into_comes_first),
        UNIT_TEST(an_empty_slab_goes_unless_it_is_the_only_one),
        UNIT_TEST(a_left_depot_keeps_no_empty_slab),
        UNIT_TEST(a_larger_block_stands_in_a_few_times),
        UNIT_TEST(the_first_blocks_of_a_class_come_from_elsewhere_unless_the_thread_is_the_first),
        UNIT_TEST(only_a_block_that_fits_stands_in),
        UNIT_TEST(blocks_of_many_slabs_are_put_back_at_once),
        UNIT_TEST(a_slice_begins_anew_with_every_class),
        UNIT_TEST(without_memory_nothing_is_taken),
        UNIT_TEST(slabs_do_what_a_list_does),
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
