/* SPDX-License-Identifier: MIT-0
 *
 * fork while other threads are inside the allocator: the child can allocate, free, start a
 * thread of its own, and end. A child that waits for a lock nobody holds is a hang, and a
 * failure.
 */
#include "stress/stress.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

enum { churner_count = 8, forker_count = 2, block_count = 32, child_seconds = 20 };

static atomic_bool is_over;

static void *churn(void *argument)
{
    stress_random random = {(uint64_t)(uintptr_t)argument + 5};
    stress_block blocks[block_count] = {{0}};
    while (!atomic_load_explicit(&is_over, memory_order_relaxed)) {
        blocks_step(blocks, block_count, &random);
    }
    blocks_free(blocks, block_count);
    return NULL;
}

static void *work_in_child(void *argument)
{
    stress_random random = {(uint64_t)(uintptr_t)argument + 77};
    stress_block blocks[block_count] = {{0}};
    for (size_t step = 0; step < 300; step++) blocks_step(blocks, block_count, &random);
    blocks_free(blocks, block_count);
    return NULL;
}

/* `inherited` was made by the parent. */
static void child(void *inherited)
{
    alarm(child_seconds);
    strata_free(inherited);
    work_in_child((void *)1);
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
    /* Their own allocators can be left locked by a fork of several threads. */
    pthread_t thread = thread_start(work_in_child, (void *)2);
    work_in_child((void *)3);
    thread_join(thread);
#endif
    require_sound();
    _exit(0);
}

static void fork_once(void)
{
    void *inherited = strata_malloc(1000);
    require(inherited != NULL, "there is memory");
    pid_t id = fork();
    require(id >= 0, "fork works");
    if (id == 0) child(inherited);
    strata_free(inherited);
    int status = 0;
    while (waitpid(id, &status, 0) < 0) require(errno == EINTR, "the child can be waited for");
    require(!WIFSIGNALED(status) || WTERMSIG(status) != SIGALRM, "the child does not hang");
    require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ends well");
}

static void *fork_some(void *argument)
{
    (void)argument;
    for (size_t n = 0; n < stress_amount(50); n++) fork_once();
    return NULL;
}

int main(void)
{
    if (!STRATA_THREADS) return 0;
    pthread_t churners[churner_count], forkers[forker_count];
    for (size_t n = 0; n < churner_count; n++) {
        churners[n] = thread_start(churn, (void *)(uintptr_t)n);
    }
    for (size_t n = 0; n < stress_amount(300); n++) fork_once();
    for (size_t n = 0; n < forker_count; n++) forkers[n] = thread_start(fork_some, NULL);
    for (size_t n = 0; n < forker_count; n++) thread_join(forkers[n]);
    atomic_store_explicit(&is_over, true, memory_order_relaxed);
    for (size_t n = 0; n < churner_count; n++) thread_join(churners[n]);
    require_sound();
    return 0;
}
