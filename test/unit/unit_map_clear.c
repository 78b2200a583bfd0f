/* SPDX-License-Identifier: MIT-0
 *
 * Clearing large ranges: every byte of them is zero and none beside them, whatever they look like and
 * the host does; how often it is asked to take pages back; and that calloc asks only where that is worth it.
 */
#include "fake/little_front.h"

#include "map/clear.h"
#include "map/room.h"
#include "os/os.h"

/* Without a page map, or without giving memory back, everything is written to. */
#define ASKS_HOST (STRATA_PAGEMAP && STRATA_RETURN)

#define PIECE (4 * ST_MIB) /* one look, one question */

static size_t purges(void)
{
    os_fake_counts counts;
    os_fake_count(&counts);
    return counts.calls[os_fake_call_purge];
}

static bool is_all(const char *mem, size_t size, char byte)
{
    return size == 0 || (mem[0] == byte && memcmp(mem, mem + 1, size - 1) == 0);
}

/* ---- the ways of memory, and of the host ---- */

typedef enum answer { answer_untouched, answer_touched, answer_refuses, answer_count } answer;

static answer now_how;

/* Not a zero in the range; but if it is to look untouched, in what is looked at: the beginnings of pages. */
static void make_dirty(char *mem, size_t size)
{
    memset(mem, 0xa5, size);
    if (now_how == answer_touched) return;
    size_t line = 64;
    for (size_t at = st_round_up(st_addr(mem), 4 * ST_KIB) - st_addr(mem); at + line <= size; at += 4 * ST_KIB)
        memset(mem + at, 0, line);
}

static void let_host(answer how, size_t page_size)
{
    os_fake_config config = os_fake_usual;
    config.page_size = page_size;
    now_how = how;
    config.refuses_purge = how == answer_refuses;
    os_fake_configure(&config);
}

/* How often pages are to be taken back if this many whole ones lie in a range. */
static size_t purges_for(answer how, size_t whole)
{
    if (!ASKS_HOST || how == answer_touched) return 0;
    return (whole + PIECE - 1) / PIECE;
}

/* ---- ranges ---- */

/* Clears [mem + from, mem + to) of `size` dirty bytes. */
static void expect_cleared(char *mem, size_t size, size_t from, size_t to, answer how)
{
    size_t page_size = st_os_page_size();
    size_t whole = st_round_down(to, page_size) - st_round_up(from, page_size);
    size = st_min(size, to + 2 * page_size);
    make_dirty(mem, size);
    char *was = malloc(from + size - to);
    memcpy(was, mem, from);
    memcpy(was + from, mem + to, size - to);
    size_t before = purges();
    st_clear(mem + from, to - from);
    assert_int_equal(purges() - before, purges_for(how, whole));
    assert_memory_equal(mem, was, from);
    assert_true(is_all(mem + from, to - from, 0));
    assert_memory_equal(mem + to, was + from, size - to);
    free(was);
}

static void expect_cleared_anywhere(answer how, size_t page_size)
{
    static const size_t wholes[] = {512 * ST_KIB, PIECE - 64 * ST_KIB,
                                    PIECE, PIECE + 64 * ST_KIB,
                                    2 * PIECE + 64 * ST_KIB};
    const size_t parts[] = {0, 1, 8, page_size / 2, page_size - 1};
    size_t size = 3 * PIECE;
    let_host(how, page_size);
    char *mem = st_os_map(size, page_size);
    assert_non_null(mem);
    for (size_t i = 0; i < TESTING_COUNT(wholes); i++)
        for (size_t above = 0; above < TESTING_COUNT(parts); above++)
            for (size_t below = above % 2; below < TESTING_COUNT(parts); below += 2)
                expect_cleared(mem, size, 2 * page_size - parts[below],
                               2 * page_size + wholes[i] + parts[above], how);
    assert_true(st_os_release(mem, size));
}

static void every_byte_is_cleared_and_none_beside(void **state)
{
    (void)state;
    for (size_t page_size = 4 * ST_KIB; page_size <= 64 * ST_KIB; page_size *= 4)
        for (answer how = 0; how < answer_count; how++) expect_cleared_anywhere(how, page_size);
    os_fake_configure(&os_fake_usual);
}

/* And the others are not: each piece is a question of its own. */
static void a_piece_that_is_refused_is_written(void **state)
{
    (void)state;
    size_t size = 3 * PIECE;
    let_host(answer_untouched, 4 * ST_KIB);
    char *mem = st_os_map(size, 4 * ST_KIB);
    for (size_t nth = 1; nth <= 3; nth++) {
        os_fake_fail(OS_FAKE_ONLY(purge), nth, false);
        expect_cleared(mem, size, 0, size, answer_untouched);
        assert_int_equal(os_fake_failed(), ASKS_HOST ? 1 : 0);
    }
    os_fake_fail(OS_FAKE_ANY, 0, false);
    assert_true(st_os_release(mem, size));
    os_fake_configure(&os_fake_usual);
}

/* Up to two of eight places may have been used; how often, does not matter. */
static void few_used_places_go_back(void **state)
{
    (void)state;
    let_host(answer_untouched, 4 * ST_KIB);
    size_t size = 512 * ST_KIB;
    char *mem = st_os_map(size, 4 * ST_KIB);
    for (unsigned used = 0; used < 256; used++) {
        memset(mem, 0, size);
        for (size_t look = 0; look < 8; look++)
            mem[look * (size / 8) + (used * 8 + look) % 64] = (char)(used >> look & 1);
        size_t before = purges();
        st_clear(mem, size);
        bool is_little = __builtin_popcount(used) <= 2;
        assert_int_equal(purges() - before, ASKS_HOST && is_little ? 1 : 0);
        assert_true(is_all(mem, size, 0));
    }
    assert_true(st_os_release(mem, size));
    os_fake_configure(&os_fake_usual);
}

/* ---- calloc ---- */

static char *take_dirty(size_t size)
{
    char *mem = strata_malloc(size);
    assert_non_null(mem);
    make_dirty(mem, strata_usable_size(mem));
    return mem;
}

/* The block is zero, and the host was asked to take pages back so often. */
static char *expect_zeroed(size_t size, size_t asked)
{
    size_t before = purges();
    char *mem = strata_calloc(1, size);
    assert_non_null(mem);
    assert_int_equal(purges() - before, asked);
    assert_true(is_all(mem, size, 0));
    return mem;
}

static size_t whole_pages(const char *mem, size_t size)
{
    size_t page_size = st_os_page_size();
    size_t first = st_round_up(st_addr(mem), page_size);
    return st_round_down(st_addr(mem) + size, page_size) - first;
}

static void expect_zeroed_again(size_t size, answer how)
{
    char *dirty = take_dirty(size);
    char *wall =
        strata_malloc(2000); /* so that it is a free chunk, or a mapping that is kept */
    strata_free(dirty);
    size_t whole = size >= ST_CLEAR_MIN ? whole_pages(dirty, size) : 0;
    /* What is wiped looks used: mappings of their own are not. */
    bool is_wiped = STRATA_WIPE && size < st_option(direct_threshold);
    char *mem = expect_zeroed(size, is_wiped ? 0 : purges_for(how, whole));
    assert_ptr_equal(mem, dirty);
    strata_free(mem);
    strata_free(wall);
}

/* Of a space, and with a mapping of its own. */
static void calloc_of_dirty_memory_is_zero(void **state)
{
    (void)state;
    static const size_t sizes[] = {512 * ST_KIB - 1, 512 * ST_KIB, 512 * ST_KIB + 1,
                                   999983,           4 * ST_MIB,   9 * ST_MIB};
    for (size_t direct = 0; direct <= STRATA_PAGEMAP; direct++) {
        st_option_set(st_option_id_direct_threshold, direct ? 256 * ST_KIB : 64 * ST_MIB);
        for (size_t i = 0; i < TESTING_COUNT(sizes); i++) {
            for (answer how = 0; how < answer_count; how++) {
                (void)strata_trim(0);
                let_host(how, 4 * ST_KIB);
                expect_zeroed_again(sizes[i], how);
            }
        }
    }
}

/* What was kept goes back before and after, so that the same place is the best one again. */
static void calloc_of_less_is_written(void **state)
{
    (void)state;
    let_host(answer_untouched, 4 * ST_KIB);
    for (size_t size = 1000; size < 512 * ST_KIB; size = size * 5 / 3) {
        st_front_take_options();
        char *dirty = take_dirty(size);
        strata_free(dirty);
        st_front_take_options();
        char *mem = expect_zeroed(size, 0);
        if (size > ST_KIB) assert_ptr_equal(mem, dirty);
        strata_free(mem);
    }
}

/* What comes from the host is zero: nothing is taken back. */
static void calloc_of_fresh_memory_does_not_ask(void **state)
{
    (void)state;
    for (size_t direct = 0; direct <= STRATA_PAGEMAP; direct++) {
        char *mem[3];
        st_option_set(st_option_id_direct_threshold, direct ? 256 * ST_KIB : 64 * ST_MIB);
        (void)strata_trim(0);
        let_host(answer_untouched, 4 * ST_KIB);
        mem[0] = strata_malloc(9 * ST_MIB); /* what has been touched before is below */
        for (size_t i = 1; i < 3; i++) mem[i] = expect_zeroed(5 * ST_MIB, 0);
        for (size_t i = 0; i < 3; i++) strata_free(mem[i]);
    }
}

/* A block of which the beginning was used before: only that is cleared. */
static void calloc_clears_as_far_as_was_touched(void **state)
{
    (void)state;
    static const struct {
        size_t dirty, asked;
    } cases[] = {{100 * ST_KIB, 0}, {1000 * ST_KIB, 1}, {5 * ST_MIB, 2}};
    st_option_set(st_option_id_direct_threshold, 64 * ST_MIB);
    st_option_set(st_option_id_trim_threshold, SIZE_MAX);
    for (size_t i = 0; i < TESTING_COUNT(cases); i++) {
        (void)strata_trim(0);
        let_host(answer_untouched, 4 * ST_KIB);
        strata_free(take_dirty(cases[i].dirty));
        char *mem = expect_zeroed(13 * ST_MIB, ASKS_HOST && !STRATA_WIPE ? cases[i].asked : 0);
        strata_free(mem);
    }
}

#define UNIT_TEST(name)                                                                        \
    cmocka_unit_test_setup_teardown(name, little_front_setup, little_front_teardown)

int main(void)
{
    /* While nothing is taken, so that pages may have any size. */
    const struct CMUnitTest ranges[] = {
        cmocka_unit_test(every_byte_is_cleared_and_none_beside),
        cmocka_unit_test(a_piece_that_is_refused_is_written),
        cmocka_unit_test(few_used_places_go_back),
    };
    const struct CMUnitTest blocks[] = {
        UNIT_TEST(calloc_of_dirty_memory_is_zero),
        UNIT_TEST(calloc_of_less_is_written),
        UNIT_TEST(calloc_of_fresh_memory_does_not_ask),
        UNIT_TEST(calloc_clears_as_far_as_was_touched),
    };
    return TESTING_RUN(ranges) + TESTING_RUN(blocks);
}
