/* SPDX-License-Identifier: MIT-0
 *
 * Threads that allocate:
 *   busy THREADS ROUNDS     all at once, and each frees what others allocated; thread i asks for
 *                           10000 + 1000 * i and up to 999 more bytes. Prints how many
 *                           allocations and frees there were.
 *   in_turn COUNT           one after the other, each allocates 1000 bytes more than the last
 *   handover                a block goes from thread to thread inside the calls that free it; see
 *                           handover_allocator.c, which this needs
 *   fork                    the second thread forks
 *   cancel ROUNDS           a thread that was canceled allocates on, up to where it may be told
 *   signals ROUNDS          a thread is hit by signals all the time; their handler allocates.
 *                           Needs an allocator that can stand that: safe_allocator.c.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { program_slots = 512, program_threads_max = 16 };

static _Atomic(void *) program_slot[program_slots];
static atomic_long program_allocs, program_frees;
static long program_rounds;
static atomic_bool program_is_done;

static void exchange(void *mem, unsigned place)
{
    void *old = atomic_exchange(&program_slot[place % program_slots], mem);
    if (old == NULL) return;
    free(old);
    atomic_fetch_add(&program_frees, 1);
}

static void *work(void *context)
{
    const size_t base = 10000 + 1000 * (uintptr_t)context;
    unsigned seed = (unsigned)base;
    for (long i = 0; i < program_rounds; i++) {
        seed = seed * 1103515245 + 12345;
        const size_t size = base + (seed >> 8) % 1000;
        void *mem = i % 16 == 0 ? calloc(1, size) : malloc(size);
        if (i % 8 == 0) mem = realloc(mem, base + (seed >> 12) % 1000);
        atomic_fetch_add(&program_allocs, 1);
        exchange(mem, seed >> 20);
    }
    return NULL;
}

static int run_busy(int count, long rounds)
{
    pthread_t thread[program_threads_max];
    program_rounds = rounds;
    for (int i = 0; i < count; i++) {
        if (pthread_create(&thread[i], NULL, work, (void *)(uintptr_t)i) != 0) return 1;
    }
    for (int i = 0; i < count; i++) pthread_join(thread[i], NULL);
    for (unsigned i = 0; i < program_slots; i++) exchange(NULL, i);
    printf("%ld %ld\n", program_allocs, program_frees);
    return 0;
}

static void *allocate_once(void *context)
{
    free(malloc((uintptr_t)context));
    return NULL;
}

static int run_in_turn(int count)
{
    for (int i = 1; i <= count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, allocate_once, (void *)(uintptr_t)(1000 * (long)i)) !=
            0) {
            return 1;
        }
        pthread_join(thread, NULL);
    }
    return 0;
}

static void *take_over(void *context)
{
    void *block = malloc(5001); /* when the first thread frees it */
    malloc(5002);
    return realloc(block, 5003) != NULL ? context : NULL;
}

static int run_handover(void)
{
    pthread_t thread;
    void *result = NULL;
    void *block = malloc(5001);
    if (pthread_create(&thread, NULL, take_over, &program_slot) != 0) return 1;
    free(block);
    malloc(5001); /* when the second thread resizes it */
    malloc(5002);
    pthread_join(thread, &result);
    return result == NULL;
}

static void *allocate_though_canceled(void *context)
{
    pthread_cancel(pthread_self());
    for (long i = 0; i < program_rounds; i++) free(malloc(7000));
    pthread_testcancel();
    return context;
}

static int run_cancel(long rounds)
{
    pthread_t thread;
    void *result = NULL;
    program_rounds = rounds;
    if (pthread_create(&thread, NULL, allocate_though_canceled, NULL) != 0) return 1;
    pthread_join(thread, &result);
    free(malloc(7001));
    return result != PTHREAD_CANCELED;
}

static void *fork_off(void *context)
{
    int status = 1;
    free(malloc(6001));
    const pid_t pid = fork();
    if (pid == 0) {
        free(malloc(6002));
        _exit(0);
    }
    waitpid(pid, &status, 0);
    return status == 0 ? context : NULL;
}

static int run_fork(void)
{
    pthread_t thread;
    void *result = NULL;
    free(malloc(6000));
    if (pthread_create(&thread, NULL, fork_off, &program_slot) != 0) return 1;
    pthread_join(thread, &result);
    return result == NULL;
}

static void handle(int signal)
{
    (void)signal;
    char *mem = realloc(malloc(100), 200);
    memset(mem, 1, 200);
    free(mem);
}

static void *allocate_until_done(void *context)
{
    for (long i = 0; i < program_rounds; i++) {
        char *mem = malloc(50 + (size_t)i % 50);
        mem = realloc(mem, 150);
        free(mem);
    }
    atomic_store(&program_is_done, true);
    return context;
}

static int run_signals(long rounds)
{
    pthread_t thread;
    struct sigaction action = {.sa_handler = handle};
    sigaction(SIGUSR1, &action, NULL);
    program_rounds = rounds;
    if (pthread_create(&thread, NULL, allocate_until_done, NULL) != 0) return 1;
    while (!atomic_load(&program_is_done)) pthread_kill(thread, SIGUSR1);
    pthread_join(thread, NULL);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "busy") == 0)
        return run_busy(atoi(argv[2]), atol(argv[3]));
    if (argc == 3 && strcmp(argv[1], "in_turn") == 0) return run_in_turn(atoi(argv[2]));
    if (argc == 2 && strcmp(argv[1], "handover") == 0) return run_handover();
    if (argc == 2 && strcmp(argv[1], "fork") == 0) return run_fork();
    if (argc == 3 && strcmp(argv[1], "cancel") == 0) return run_cancel(atol(argv[2]));
    if (argc == 3 && strcmp(argv[1], "signals") == 0) return run_signals(atol(argv[2]));
    return 99;
}
