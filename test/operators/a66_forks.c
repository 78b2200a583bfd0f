/* SPDX-License-Identifier: MIT-0
 *
 * one thread makes processes while sixteen others allocate, free, and free each other's blocks. Each
 * child frees what it inherited, allocates, resizes, starts a thread, and ends, or runs a program.
 * a66_forks WAY COUNT, where WAY is how children are made:
 *   fork     fork; handlers of the program allocate before it, in the parent and in the child
 *   vfork    vfork; the child, which has the parent's memory, allocates and frees
 *   _Fork    _Fork, which calls no handlers, between strata_fork_prepare and strata_fork_child
 *   clone    the same with the system call itself; the child starts no thread, as the C library knows
 *            nothing of it
 *   bare     _Fork with nothing around it: the child runs a program, or ends
 */
#include "operators/process.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>

enum { thread_count = 16, slot_count = 256, child_seconds = 30 };

static atomic_bool is_over;
static _Atomic(void *) slots[slot_count];
static void *inherited[64];

static void step(uint64_t *random)
{
    size_t kind = random_below(random, 100);
    size_t size = kind == 0 ? 700000 : 1 + random_below(random, kind < 15 ? 30000 : 900);
    void *mem = kind % 4 == 0 ? calloc(1, size) : malloc(size);
    require(mem != NULL, "there is memory");
    if (kind % 5 == 0) mem = realloc(mem, size * 2);
    *(char *)mem = 1;
    free(atomic_exchange(&slots[random_below(random, slot_count)], mem));
}

static void *churn(void *argument)
{
    uint64_t random = (uintptr_t)argument + 1;
    struct sched_param none = {0};
    /* Whenever the forking thread or its child can run, they do: interrupted anywhere, these threads wait. */
    sched_setscheduler(0, SCHED_IDLE, &none);
    while (!is_over) step(&random);
    return NULL;
}

static void *work(void *argument)
{
    uint64_t random = (uintptr_t)argument;
    for (size_t n = 0; n < 100; n++) {
        char *mem = malloc(1 + random_below(&random, n % 10 == 0 ? 60000 : 600));
        mem = realloc(mem, 1 + random_below(&random, 2000));
        *mem = 1;
        free(mem);
    }
    return NULL;
}

static void run_true(void)
{
    static char name[] = "true";
    char *const arguments[] = {name, NULL};
    char *const environment[] = {NULL};
    execve("/bin/true", arguments, environment);
    _exit(1);
}

/* In the child; never returns. */
static void be_child(size_t number, bool has_threads)
{
    alarm(child_seconds);
    for (size_t n = 0; n < 64; n++) free(inherited[n]);
    for (size_t n = 0; n < slot_count; n++) free(slots[n]);
    work((void *)number);
    if (has_threads) {
        pthread_t thread = thread_start(work, (void *)(number + 1));
        work((void *)(number + 2));
        thread_join(thread);
    }
    if (number % 64 == 0) require_sound();
    if (number % 32 == 1) run_true();
    _exit(0);
}

/* ---- the handlers of the program ---- */

static void *in_handlers;
static void handle(void)
{
    free(in_handlers);
    in_handlers = malloc(3000);
    free(malloc(40));
    in_handlers = realloc(in_handlers, 70000);
}

/* ---- ways ---- */

static pid_t make_by_fork(size_t number)
{
    pid_t child = fork();
    if (child == 0) be_child(number, true);
    return child;
}

static pid_t make_by_vfork(size_t number)
{
    pid_t child = vfork();
    if (child == 0) {
        work((void *)number);
        if (number % 8 == 1) run_true();
        _exit(0);
    }
    return child;
}

static pid_t make_prepared(size_t number, pid_t (*make)(void), bool has_threads)
{
    ours(strata_fork_prepare)();
    free(malloc(100)); /* the thread that has prepared may */
    pid_t child = make();
    if (child != 0) {
        ours(strata_fork_parent)();
        return child;
    }
    ours(strata_fork_child)();
    be_child(number, has_threads);
    return 0;
}

static pid_t raw_clone(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static pid_t make_bare(size_t number)
{
    pid_t child = _Fork();
    if (child == 0) {
        alarm(child_seconds);
        if (number % 8 == 1) run_true();
        _exit(0);
    }
    return child;
}

static pid_t make_child(const char *way, size_t number)
{
    if (strcmp(way, "fork") == 0) return make_by_fork(number);
    if (strcmp(way, "vfork") == 0) return make_by_vfork(number);
    if (strcmp(way, "_Fork") == 0) return make_prepared(number, _Fork, true);
    if (strcmp(way, "clone") == 0) return make_prepared(number, raw_clone, false);
    return make_bare(number);
}

int main(int argc, char **argv)
{
    pthread_t threads[thread_count];
    require(argc == 3, "usage: a66_forks WAY COUNT");
    require_ours();
    pthread_atfork(handle, handle, handle);
    size_t count = strtoul(argv[2], NULL, 10);
    for (size_t n = 0; n < thread_count; n++) threads[n] = thread_start(churn, (void *)n);
    for (size_t n = 0; n < count; n++) {
        for (size_t i = 0; i < 64; i++) inherited[i] = malloc(i * 40 + 1);
        require_child(make_child(argv[1], n));
        for (size_t i = 0; i < 64; i++) free(inherited[i]);
    }
    is_over = true;
    for (size_t n = 0; n < thread_count; n++) thread_join(threads[n]);
    for (size_t n = 0; n < slot_count; n++) free(slots[n]);
    require_sound();
    printf("%zu children by %s\n", count, argv[1]);
    return 0;
}
