/* SPDX-License-Identifier: MIT-0
 *
 * a runtime that makes processes without fork(), and calls strata's own functions around it: between
 * them it may allocate and may even call fork(), after them both processes go on; other threads that
 * allocate meanwhile wait. a66_forks has them beside sixteen threads.
 */
#include "operators/process.h"

#include <sched.h>

static atomic_size_t done;
static atomic_bool is_over;

static void *churn(void *unused)
{
    (void)unused;
    while (!is_over) {
        void *blocks[64];
        for (size_t n = 0; n < 64; n++) blocks[n] = malloc(2000 * n + 1);
        for (size_t n = 0; n < 64; n++) free(blocks[n]);
        atomic_fetch_add(&done, 1);
    }
    return NULL;
}

static void use_all_sizes(void)
{
    for (size_t size = 1; size < 4000000; size = size * 2 + 1) {
        char *mem = malloc(size);
        require(mem != NULL, "there is memory");
        mem[size - 1] = 1;
        free(realloc(mem, size * 2));
    }
}

static void fork_inside(void)
{
    pid_t child = fork();
    if (child == 0) {
        use_all_sizes();
        ours(strata_fork_child)();
        use_all_sizes();
        _exit(0);
    }
    require_child(child);
}

int main(void)
{
    require_ours();
    pthread_t thread = thread_start(churn, NULL);
    for (size_t n = 0; n < 60; n++) {
        void *inherited = malloc(n * 1000);
        ours(strata_fork_prepare)();
        use_all_sizes();
        if (n % 4 == 0) fork_inside();
        use_all_sizes();
        pid_t child = _Fork();
        if (child == 0) {
            ours(strata_fork_child)();
            free(inherited);
            use_all_sizes();
            require_sound();
            _exit(0);
        }
        ours(strata_fork_parent)();
        require_child(child);
        free(inherited);
        size_t before = done;
        while (done == before) sched_yield(); /* nobody is left behind */
    }
    is_over = true;
    thread_join(thread);
    require_sound();
    return 0;
}
