/* SPDX-License-Identifier: MIT-0
 *
 * Free memory that was written to: what lies in it is doubted before it is used to write, and
 * the doubt that is confirmed ends in a sentence. Each test overwrites one word.
 */
#include "fake/little_space.h"

#if STRATA_DOUBT_LINKS

static st_space space;

static int setup(void **state)
{
    (void)state;
    return little_setup(&space);
}

static int teardown(void **state)
{
    (void)state;
    little_close(&space);
    return 0;
}

/* ---- what is tried; each takes the size of a request, or a block ---- */

static void take_context(void *req) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space.lock);
    (void)st_space_alloc(&space, st_chunk_size_for(*(size_t *)req), NULL);
    st_lock_drop(&space.lock);
}

static void give_context(void *mem) ST_NO_LOCK_ANALYSIS
{
    st_lock_take(&space.lock);
    st_space_free(&space, mem);
    st_lock_drop(&space.lock);
}

#if STRATA_QUICK
static void flush_context(void *context) ST_NO_LOCK_ANALYSIS
{
    (void)context;
    st_lock_take(&space.lock);
    st_space_flush_quick(&space);
    st_lock_drop(&space.lock);
}
#endif

static void expect_sentence(void (*act)(void *), void *context, const char *words)
{
    os_fake_clear_output();
    assert_true(os_fake_stops(act, context));
    st_lock_reset(&space.lock);
    if (strstr(os_fake_output(), words) == NULL) fail_msg("it said: %s", os_fake_output());
}

#define WRITTEN_AFTER_FREE "was written to after it was freed"

/* A free chunk between blocks in use. */
static st_chunk *hole(size_t req)
{
    char *mem = little_take(&space, req);
    little_take(&space, 8);
    little_give(&space, mem);
    return chunk_of(mem);
}

static st_chunk *const outside = (st_chunk *)(void *)&space;

/* ---- small and quick lists ---- */

#if STRATA_QUICK
static void make_quick(st_chunk **newer, st_chunk **older)
{
    char *mem[2] = {little_take(&space, 100), little_take(&space, 100)};
    little_take(&space, 8);
    little_set_quick_limit(&space, 64 * ST_KIB);
    little_give(&space, mem[0]);
    little_give(&space, mem[1]);
    *older = chunk_of(mem[0]);
    *newer = chunk_of(mem[1]);
}

static void a_quick_list_is_doubted_when_taken_from(void **state)
{
    (void)state;
    size_t req = 100;
    st_chunk *newer, *older;
    make_quick(&newer, &older);
    newer->next = outside;
    assert_ptr_equal(little_take(&space, req), chunk_mem(newer));
    expect_sentence(take_context, &req, WRITTEN_AFTER_FREE);
}

static void a_quick_list_is_doubted_when_merged(void **state)
{
    (void)state;
    st_chunk *newer, *older;
    make_quick(&newer, &older);
    newer->next = (st_chunk *)(void *)((char *)older + ST_CHUNK_GRAIN);
    expect_sentence(flush_context, NULL, WRITTEN_AFTER_FREE);
}

static void an_overrun_into_a_quick_chunk_is_seen_when_merged(void **state)
{
    (void)state;
    st_chunk *newer, *older;
    make_quick(&newer, &older);
    chunk_of((char *)chunk_mem(newer) + chunk_size(newer))->head = 1;
    expect_sentence(flush_context, NULL, "strata: ");
}
#endif

static void a_small_list_is_doubted(void **state)
{
    (void)state;
    size_t req = 100;
    st_chunk *c = hole(req);
    c->next = outside;
    expect_sentence(take_context, &req, WRITTEN_AFTER_FREE);
    c->next = NULL;
    c->prev = c;
    expect_sentence(take_context, &req, WRITTEN_AFTER_FREE);
}

/* ---- trees ---- */

static void a_tree_chunk_whose_head_was_overwritten_is_not_used(void **state)
{
    (void)state;
    if (!STRATA_SEALS) return;
    size_t req = 3000;
    st_chunk *c = hole(req);
    c->head += 64 * ST_CHUNK_GRAIN;
    expect_sentence(take_context, &req, WRITTEN_AFTER_FREE);
}

static void a_child_outside_of_the_space_is_not_followed(void **state)
{
    (void)state;
    size_t req = 3000;
    st_tree *node = (st_tree *)(void *)hole(req + 500);
    node->child[0] = (st_tree *)(void *)outside;
    node->child[1] = (st_tree *)(void *)outside;
    expect_sentence(take_context, &req, WRITTEN_AFTER_FREE);
}

static void a_loop_of_children_ends(void **state)
{
    (void)state;
    char *other = little_take(&space, 2800); /* belongs to the same tree */
    little_take(&space, 8);
    st_tree *node = (st_tree *)(void *)hole(3000);
    node->child[0] = node->child[1] = node;
    expect_sentence(give_context, other, WRITTEN_AFTER_FREE);
}

static void a_ring_is_doubted(void **state)
{
    (void)state;
    size_t req = 3000;
    char *mem[] = {little_take(&space, req), little_take(&space, 8), little_take(&space, req),
                   little_take(&space, 8)};
    little_give(&space, mem[0]);
    little_give(&space, mem[2]);
    st_chunk *member = chunk_of(mem[2]);
    member->next = outside;
    expect_sentence(take_context, &req, WRITTEN_AFTER_FREE);
}

static void a_parent_is_doubted(void **state)
{
    (void)state;
    size_t req = 3000;
    st_tree *node = (st_tree *)(void *)hole(req);
    node->parent = (st_tree *)(void *)outside;
    expect_sentence(take_context, &req, WRITTEN_AFTER_FREE);
    char *inside = little_take(&space, 100 * ST_KIB);
    node->parent = (st_tree *)(void *)inside;
    memset(inside, 0, sizeof(st_tree));
    expect_sentence(take_context, &req, WRITTEN_AFTER_FREE);
}

/* ---- tags ---- */

static void a_foot_is_doubted_before_chunks_are_merged(void **state)
{
    (void)state;
    char *low = little_take(&space, 600);
    char *high = little_take(&space, 600);
    little_take(&space, 8);
    little_give(&space, low);
    size_t wrong[] = {0, 16, st_chunk_size_for(600) + 16, SIZE_MAX, ST_GIB};
    for (size_t i = 0; i < TESTING_COUNT(wrong); i++) {
        chunk_of(high)->prev_size = wrong[i];
        expect_sentence(give_context, high, "was overwritten");
    }
}

#define UNIT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
#if STRATA_QUICK
        UNIT_TEST(a_quick_list_is_doubted_when_taken_from),
        UNIT_TEST(a_quick_list_is_doubted_when_merged),
        UNIT_TEST(an_overrun_into_a_quick_chunk_is_seen_when_merged),
#endif
        UNIT_TEST(a_small_list_is_doubted),
        UNIT_TEST(a_tree_chunk_whose_head_was_overwritten_is_not_used),
        UNIT_TEST(a_child_outside_of_the_space_is_not_followed),
        UNIT_TEST(a_loop_of_children_ends),
        UNIT_TEST(a_ring_is_doubted),
        UNIT_TEST(a_parent_is_doubted),
        UNIT_TEST(a_foot_is_doubted_before_chunks_are_merged),
    };
    return TESTING_RUN(tests);
}

#else

static void links_are_believed_in_this_build(void **state)
{
    (void)state;
    assert_int_equal(STRATA_DOUBT_LINKS, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(links_are_believed_in_this_build)};
    return TESTING_RUN(tests);
}

#endif
