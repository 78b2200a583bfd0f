/* SPDX-License-Identifier: MIT-0
 *
 * fork while other threads are busy with their magazines and shelves, begin, end, and look at
 * everything. Each child frees blocks that it inherited, of any thread, gets the caches of threads
 * that it does not have, and must not be handed a block twice by them. Forking threads have a
 * cache of their own, or none.
 */
#include "stress/stress.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

enum {
    fork_count = 160, /* not fewer where each step is watched: this is what is tested */
    churner_count = 3,
    churned_blocks = 2000,
    slot_count = 48,
    child_blocks = 400,
    child_seconds = 20,
    kept_first = 16384 /* bytes that a thread keeps, at most, after its first allocation */
};

static atomic_bool is_over;
/* Blocks between threads; whoever takes one out frees it. */
static _Atomic(void *) slots[slot_count];

static void exchange(size_t size, size_t slot)
{
    void *mem = size == 0 ? NULL : strata_malloc(size);
    require(mem != NULL || size == 0, "there is memory");
    strata_free(atomic_exchange_explicit(&slots[slot], mem, memory_order_acq_rel));
}

/* Fills shelves and magazines beyond what they hold, so that half goes back each time. */
static void *churn(void *argument)
{
    stress_random random = {(uint64_t)(uintptr_t)argument + 5};
    static _Thread_local void *blocks[churned_blocks];
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        bool is_small = random_below(&random, 2) == 0;
        size_t count = is_small ? churned_blocks : 80;
        for (size_t n = 0; n < count; n++) blocks[n] = strata_malloc(is_small ? 400 : 1500);
        for (size_t n = 0; n < count; n++) strata_free(blocks[n]);
        for (size_t n = 0; n < 20; n++)
            exchange(1 + random_below(&random, 6000), random_below(&random, slot_count));
    }
    return NULL;
}

static void *live_shortly(void *argument)
{
    for (size_t n = 0; n < 30; n++) exchange((size_t)(uintptr_t)argument % 3000 + 1, n);
    return NULL;
}

static void *begin_and_end(void *argument)
{
    size_t number = (size_t)(uintptr_t)argument;
    while (!atomic_load_explicit(&is_over, memory_order_relaxed))
        thread_join(thread_start(live_shortly, (void *)(uintptr_t)(number += 97)));
    return NULL;
}

static int visit(void *context, const strata_region *region)
{
    (void)context;
    return region->start == NULL;
}

static void *look(void *argument)
{
    (void)argument;
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        strata_stats stats;
        strata_stats_get(&stats);
        require(strata_walk(visit, NULL) == 0, "the walk goes to the end");
        usleep(200);
    }
    return NULL;
}

/* ---- the child ---- */

/* Blocks that nobody else has: each keeps its number while all others get theirs. */
static void require_own_blocks(size_t size, size_t salt)
{
    size_t *blocks[child_blocks];
    for (size_t n = 0; n < child_blocks; n++) {
        blocks[n] = strata_malloc(size);
        require(blocks[n] != NULL, "there is memory in the child");
        blocks[n][0] = blocks[n][size / sizeof(size_t) - 1] = salt + n;
    }
    for (size_t n = 0; n < child_blocks; n++) {
        require(blocks[n][0] == salt + n, "no block is handed out twice");
        require(blocks[n][size / sizeof(size_t) - 1] == salt + n, "nor a part of it");
        strata_free(blocks[n]);
    }
}

static void *work_in_child(void *argument)
{
    size_t salt = (size_t)(uintptr_t)argument << 32;
    static const size_t sizes[] = {64, 1504, 512, 6000, 24};
    for (size_t n = 0; n < 5; n++) require_own_blocks(sizes[n], salt);
    return NULL;
}

/* The forking thread has a new cache, if it had none: perhaps one of a thread that is not here. */
static void require_nothing_kept(void)
{
    strata_stats stats;
    strata_free(strata_malloc(2000));
    strata_stats_get(&stats);
    require(stats.kept <= kept_first, "what other threads kept is not here");
}

static void child(bool had_cache)
{
    alarm(child_seconds);
    if (!had_cache) require_nothing_kept();
    for (size_t slot = 0; slot < slot_count; slot++) exchange(0, slot);
    work_in_child((void *)1);
#if !STRESS_SANITIZED
    /* Their own allocators can be left locked by a fork of several threads. */
    pthread_t thread = thread_start(work_in_child, (void *)2);
    work_in_child((void *)3);
    thread_join(thread);
#endif
    require(strata_walk(visit, NULL) == 0, "the child can walk");
    require_sound();
    _exit(0);
}

static void fork_times(size_t count, bool has_cache)
{
    for (size_t n = 0; n < count; n++) {
        pid_t id = fork();
        require(id >= 0, "fork works");
        if (id == 0) child(has_cache);
        int status = 0;
        while (waitpid(id, &status, 0) < 0) require(errno == EINTR, "the child is waited for");
        require(!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM, "the child does not hang");
        require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ends well");
    }
}

static void *fork_some(void *count)
{
    strata_free(strata_malloc(100));
    fork_times((size_t)(uintptr_t)count, true);
    return NULL;
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    stress_live start = live_at_start();
    pthread_t churners[churner_count], others[2];
    for (size_t n = 0; n < churner_count; n++)
        churners[n] = thread_start(churn, (void *)(uintptr_t)n);
    others[0] = thread_start(begin_and_end, NULL);
    others[1] = thread_start(look, NULL);
    /* Without a cache, if nothing was allocated here; then with one, and two at once. */
    fork_times(fork_count / 2, STRATA_TEST_HAS_OVERRIDE);
    pthread_t forker = thread_start(fork_some, (void *)(uintptr_t)(fork_count / 4));
    fork_some((void *)(uintptr_t)(fork_count / 4));
    thread_join(forker);
    atomic_store_explicit(&is_over, true, memory_order_relaxed);
    for (size_t n = 0; n < churner_count; n++) thread_join(churners[n]);
    for (size_t n = 0; n < 2; n++) thread_join(others[n]);
    for (size_t slot = 0; slot < slot_count; slot++) exchange(0, slot);
    require_all_back(start);
    return 0;
}
