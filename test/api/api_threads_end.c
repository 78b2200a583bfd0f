/* SPDX-License-Identifier: MIT-0
 *
 * Threads that come and go, on a real host: what they kept for themselves is given up with their end,
 * whatever order their handlers run in, and what they leave in use is anybody's to free. All steps
 * are in an order that is the same in every run.
 */
#include "api/names.h"

#include <pthread.h>

enum { block_count = 240 };

static const size_t block_sizes[] = {1,    16,   17,   100,   500,   512,  1000,
                                     1024, 1025, 2000, 10000, 32768, 40000};

static size_t block_size(size_t idx) { return block_sizes[idx * 7 % API_COUNT(block_sizes)]; }

static strata_stats stats_now(void)
{
    strata_stats stats;
    strata_stats_get(&stats);
    return stats;
}

/* Runs act(context) in a thread of its own, to its end. */
static void run_thread(void *(*act)(void *context), void *context)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, act, context), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void *allocate_all(void *context)
{
    void **blocks = context;
    for (size_t idx = 0; idx < block_count; idx++) {
        blocks[idx] = api_malloc(block_size(idx));
        if (blocks[idx] != NULL) fill_pattern(blocks[idx], block_size(idx), (unsigned)idx);
    }
    return NULL;
}

static void *free_all(void *context)
{
    void **blocks = context;
    for (size_t idx = 0; idx < block_count; idx++) {
        if (!has_pattern(blocks[idx], block_size(idx), (unsigned)idx)) continue;
        api_free(blocks[idx]);
        blocks[idx] = NULL;
    }
    return NULL;
}

static void *allocate_and_free(void *context)
{
    allocate_all(context);
    return free_all(context);
}

static void expect_all_freed(void **blocks)
{
    for (size_t idx = 0; idx < block_count; idx++) assert_null(blocks[idx]);
}

/* Threads that a program had before the first measurement are remembered by the C library. */
static int warm_up(void **state)
{
    static void *blocks[block_count];
    (void)state;
    for (unsigned round = 0; round < 3; round++) run_thread(allocate_and_free, blocks);
    return 0;
}

static void a_thread_that_ends_keeps_nothing(void **state)
{
    (void)state;
    static void *blocks[block_count];
    strata_stats before = stats_now();
    for (unsigned round = 0; round < 30; round++) {
        run_thread(allocate_and_free, blocks);
        expect_all_freed(blocks);
        assert_int_equal(stats_now().live, before.live);
        assert_int_equal(stats_now().kept, before.kept);
    }
    assert_true(stats_now().footprint <= before.footprint + before.footprint / 2);
    assert_sound();
}

static void what_a_thread_leaves_is_for_others_to_free(void **state)
{
    (void)state;
    static void *blocks[block_count];
    size_t live = stats_now().live;
    for (unsigned round = 0; round < 20; round++) {
        run_thread(allocate_all, blocks);
        assert_sound();
        if (round % 2 == 0) {
            run_thread(free_all, blocks);
        } else {
            free_all(blocks);
        }
        expect_all_freed(blocks);
        assert_int_equal(stats_now().live, live);
    }
    assert_sound();
}

/* A thread in use of a block that another has freed into its own keep gets other memory. */
static void blocks_of_two_threads_are_apart(void **state)
{
    (void)state;
    static void *first[block_count], *second[block_count];
    for (unsigned round = 0; round < 10; round++) {
        run_thread(allocate_all, first);
        free_all(first);
        expect_all_freed(first);
        run_thread(allocate_all, second);
        allocate_all(first);
        free_all(second);
        free_all(first);
        expect_all_freed(first);
        expect_all_freed(second);
    }
    assert_sound();
}

/* ---- handlers of a thread's end ---- */

static pthread_key_t keys[8];
static size_t handler_calls;

/* Frees what its thread left it, allocates and frees again, and wants to be called once more. */
static void end_handler(void *value)
{
    void **blocks = value;
    handler_calls++;
    for (size_t idx = 0; idx < 40; idx++) {
        api_free(blocks[idx]);
        blocks[idx] = NULL;
    }
    for (size_t idx = 0; idx < 40; idx++) blocks[idx] = api_malloc(block_size(idx));
    for (size_t idx = 0; idx < 40; idx++) {
        void *mem = api_realloc(blocks[idx], block_size(idx + 1));
        if (mem != NULL) blocks[idx] = mem;
    }
    if (handler_calls % 3 != 0) { /* they are freed the next time */
        pthread_setspecific(keys[handler_calls % API_COUNT(keys)], blocks);
        return;
    }
    for (size_t idx = 0; idx < 40; idx++) api_free(blocks[idx]);
    api_free(blocks);
}

static void *leave_to_handler(void *context)
{
    void **blocks = api_calloc(40, sizeof *blocks);
    if (blocks == NULL) return NULL;
    for (size_t idx = 0; idx < 40; idx++) blocks[idx] = api_malloc(block_size(idx));
    pthread_setspecific(*(pthread_key_t *)context, blocks);
    return blocks;
}

static void handlers_may_allocate_and_free(void **state)
{
    (void)state;
    for (size_t idx = 0; idx < API_COUNT(keys); idx++)
        assert_int_equal(pthread_key_create(&keys[idx], end_handler), 0);
    for (size_t idx = 0; idx < API_COUNT(keys); idx++) run_thread(leave_to_handler, &keys[idx]);
    size_t live = stats_now().live;
    size_t kept = stats_now().kept;
    for (size_t idx = 0; idx < 5 * API_COUNT(keys); idx++) {
        size_t calls = handler_calls;
        run_thread(leave_to_handler, &keys[idx % API_COUNT(keys)]);
        assert_int_equal(handler_calls, calls + 3);
        assert_int_equal(stats_now().live, live);
        assert_int_equal(stats_now().kept, kept);
    }
    for (size_t idx = 0; idx < API_COUNT(keys); idx++) pthread_key_delete(keys[idx]);
    assert_sound();
}

/* ---- several at once ---- */

typedef struct relay {
    pthread_barrier_t barrier;
    void *blocks[4][block_count];
    size_t wrong[4];
} relay;

typedef struct relay_runner {
    relay *all;
    size_t number;
} relay_runner;

/* In each round each thread frees what its neighbor allocated in the one before. */
static void *run_relay(void *context)
{
    const relay_runner *me = context;
    for (size_t round = 0; round < 12; round++) {
        void **mine = me->all->blocks[me->number];
        void **theirs = me->all->blocks[(me->number + 1 + round % 3) % 4];
        allocate_all(mine);
        pthread_barrier_wait(&me->all->barrier);
        free_all(theirs);
        pthread_barrier_wait(&me->all->barrier);
        for (size_t idx = 0; idx < block_count; idx++)
            me->all->wrong[me->number] += mine[idx] != NULL;
        pthread_barrier_wait(&me->all->barrier);
    }
    return NULL;
}

static void a_relay_of_blocks_loses_none(void **state)
{
    (void)state;
    if (STRATA_TINY) return; /* that is for one thread at a time */
    static relay all;
    pthread_t threads[4];
    relay_runner runners[4];
    for (unsigned heat = 0; heat < 2; heat++) {
        strata_stats before = stats_now();
        assert_int_equal(pthread_barrier_init(&all.barrier, NULL, 4), 0);
        for (size_t idx = 0; idx < 4; idx++) {
            runners[idx] = (relay_runner){&all, idx};
            assert_int_equal(pthread_create(&threads[idx], NULL, run_relay, &runners[idx]), 0);
        }
        for (size_t idx = 0; idx < 4; idx++) {
            assert_int_equal(pthread_join(threads[idx], NULL), 0);
            assert_int_equal(all.wrong[idx], 0);
        }
        pthread_barrier_destroy(&all.barrier);
        if (heat > 0) assert_int_equal(stats_now().live, before.live);
        assert_sound();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_thread_that_ends_keeps_nothing, warm_up),
        cmocka_unit_test_setup(what_a_thread_leaves_is_for_others_to_free, warm_up),
        cmocka_unit_test_setup(blocks_of_two_threads_are_apart, warm_up),
        cmocka_unit_test_setup(handlers_may_allocate_and_free, warm_up),
        cmocka_unit_test_setup(a_relay_of_blocks_loses_none, warm_up),
    };
    return API_RUN(tests);
}
