/* SPDX-License-Identifier: MIT-0
 *
 * The chunk: sizes, the head word, the seal, and how one finds its neighbors.
 */
#include "fake/testing.h"

#include "space/chunk.h"

#define SECRET ((size_t)0x5ec4e7)

static size_t room[64]; /* where chunks of these tests lie */

static st_chunk *chunk_here(size_t grains)
{
    uintptr_t addr = st_round_up(st_addr(room), ST_CHUNK_GRAIN);
    return (st_chunk *)(addr + grains * ST_CHUNK_GRAIN);
}

static void a_chunk_has_room_for_its_request(void **state)
{
    (void)state;
    assert_int_equal(st_chunk_size_for(0), ST_CHUNK_MIN);
    for (size_t req = 0; req < 3000; req++) {
        size_t size = st_chunk_size_for(req);
        assert_int_equal(size % ST_CHUNK_GRAIN, 0);
        assert_true(size >= ST_CHUNK_MIN);
        assert_true(size - ST_CHUNK_OVERHEAD >= req);
        assert_true(size == ST_CHUNK_MIN || size - ST_CHUNK_OVERHEAD < req + ST_CHUNK_GRAIN);
    }
    size_t largest = st_chunk_size_for(ST_REQUEST_MAX);
    assert_true(largest > ST_REQUEST_MAX);
    assert_true(largest < PTRDIFF_MAX);
    assert_int_equal(largest & ~ST_HEAD_SIZE, 0);
}

static void a_head_keeps_size_and_flags_apart(void **state)
{
    (void)state;
    st_chunk *c = chunk_here(0);
    for (size_t size = ST_CHUNK_MIN; size < (size_t)1 << 30; size = size * 3 / 16 * 16) {
        for (size_t flags = 0; flags <= ST_HEAD_FLAGS; flags++) {
            chunk_set_head(c, size, flags, SECRET);
            assert_int_equal(chunk_size(c), size);
            assert_int_equal(chunk_is_used(c), (flags & ST_HEAD_C) != 0);
            bool has_q = (flags & ST_HEAD_Q) != 0;
            assert_int_equal(chunk_is_quick(c), has_q && chunk_is_used(c));
            assert_int_equal(chunk_is_purged(c), has_q && !chunk_is_used(c));
            assert_int_equal(chunk_is_below_used(c), (flags & ST_HEAD_P) != 0);
            assert_true(chunk_is_sealed(c, SECRET));
        }
    }
}

static void flags_change_without_breaking_the_seal(void **state)
{
    (void)state;
    st_chunk *c = chunk_here(1);
    chunk_set_head(c, 4 * ST_CHUNK_MIN, ST_HEAD_P, SECRET);
    chunk_set_flag(c, ST_HEAD_C | ST_HEAD_Q);
    assert_true(chunk_is_used(c) && chunk_is_quick(c) && chunk_is_below_used(c));
    chunk_clear_flag(c, ST_HEAD_P | ST_HEAD_Q);
    assert_true(chunk_is_used(c) && !chunk_is_quick(c) && !chunk_is_below_used(c));
    assert_int_equal(chunk_size(c), 4 * ST_CHUNK_MIN);
    assert_true(chunk_is_sealed(c, SECRET));
}

static void an_erased_head_is_not_in_use(void **state)
{
    (void)state;
    st_chunk *c = chunk_here(0);
    chunk_set_head(c, ST_CHUNK_MIN, ST_HEAD_C | ST_HEAD_P, SECRET);
    chunk_erase_head(c);
    assert_false(chunk_is_used(c));
    assert_int_equal(chunk_size(c), 0);
}

static void neighbors_and_block_are_where_the_picture_says(void **state)
{
    (void)state;
    st_chunk *c = chunk_here(0);
    chunk_set_head(c, 2 * ST_CHUNK_MIN, 0, SECRET);
    chunk_set_foot(c, 2 * ST_CHUNK_MIN);
    st_chunk *above = chunk_above(c);
    assert_ptr_equal(above, (char *)c + 2 * ST_CHUNK_MIN);
    assert_int_equal(above->prev_size, 2 * ST_CHUNK_MIN);
    assert_ptr_equal(chunk_below(above), c);
    assert_ptr_equal(chunk_of(chunk_mem(c)), c);
    assert_ptr_equal(chunk_mem(c), &c->next);
    /* The block ends where the head above begins. */
    assert_ptr_equal((char *)chunk_mem(c) + chunk_usable(c), &above->head);
    assert_ptr_equal(chunk_at(above, (size_t)0 - ST_CHUNK_GRAIN),
                     (char *)above - ST_CHUNK_GRAIN);
}

#if STRATA_SEALS
/* How many of `count` wrong heads pass for sealed: 1 in 65,536 may. */
static void a_seal_is_for_one_place_size_and_secret(void **state)
{
    (void)state;
    size_t passed = 0, count = 0;
    st_chunk *c = chunk_here(0);
    for (size_t size = ST_CHUNK_MIN; size < 20000; size += ST_CHUNK_GRAIN) {
        chunk_set_head(c, size, ST_HEAD_C, SECRET);
        size_t head = c->head;
        passed += chunk_is_sealed(c, SECRET + 1) + chunk_is_sealed(c, SECRET ^ (size_t)1 << 40);
        c->head = head + ST_CHUNK_GRAIN;
        passed += chunk_is_sealed(c, SECRET);
        c->head = head ^ (size_t)1 << 30;
        passed += chunk_is_sealed(c, SECRET);
        st_chunk *elsewhere = chunk_here(1 + size / ST_CHUNK_GRAIN % 20);
        elsewhere->head = head;
        passed += chunk_is_sealed(elsewhere, SECRET);
        count += 5;
    }
    assert_true(count > 6000);
    assert_true(passed <= 3);
}

/* Memory as programs leave it behind. */
static void common_words_are_no_heads(void **state)
{
    (void)state;
    size_t passed = 0;
    st_chunk *c = chunk_here(0);
    /* Each of another size: flags don't enter the seal, so words that differ in them alone pass
     * together. The addresses differ from run to run; by chance one word in 65,536 passes. */
    size_t words[] = {3,
                      50,
                      4096 | 3,
                      SIZE_MAX,
                      (size_t)0x2020202020202020,
                      (size_t)0xdfdfdfdfdfdfdfdf,
                      st_addr(room),
                      st_addr(&passed)};
    for (size_t grains = 0; grains < 20; grains++) {
        for (size_t i = 0; i < TESTING_COUNT(words); i++) {
            c = chunk_here(grains);
            c->head = words[i];
            passed += chunk_is_sealed(c, SECRET);
        }
    }
    assert_true(passed <= 2);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chunk_has_room_for_its_request),
        cmocka_unit_test(a_head_keeps_size_and_flags_apart),
        cmocka_unit_test(flags_change_without_breaking_the_seal),
        cmocka_unit_test(an_erased_head_is_not_in_use),
        cmocka_unit_test(neighbors_and_block_are_where_the_picture_says),
#if STRATA_SEALS
        cmocka_unit_test(a_seal_is_for_one_place_size_and_secret),
        cmocka_unit_test(common_words_are_no_heads),
#endif
    };
    return TESTING_RUN(tests);
}
