/* SPDX-License-Identifier: MIT-0
 *
 * from the moment on when all threads have started, a filter of the kernel ends the process at any
 * system call but mmap, munmap, madvise, mprotect, mremap, futex, and those by which this program says
 * that it is done.
 */
#include "operators/filter.h"

#include <malloc.h>

enum { thread_count = 4, block_count = 200, steps = 40000 };

static pthread_barrier_t ready, begin, done;

static void forbid_all_others(void)
{
    struct sock_filter filter[] = {
        FILTER_BEGIN,
        FILTER_CALL(SYS_mmap, SECCOMP_RET_ALLOW),
        FILTER_CALL(SYS_munmap, SECCOMP_RET_ALLOW),
        FILTER_CALL(SYS_madvise, SECCOMP_RET_ALLOW),
        FILTER_CALL(SYS_mprotect, SECCOMP_RET_ALLOW),
        FILTER_CALL(SYS_mremap, SECCOMP_RET_ALLOW),
        FILTER_CALL(SYS_futex, SECCOMP_RET_ALLOW),
        FILTER_CALL(SYS_write, SECCOMP_RET_ALLOW),
        FILTER_CALL(SYS_exit_group, SECCOMP_RET_ALLOW),
        FILTER_END(SECCOMP_RET_KILL_PROCESS),
    };
    FILTER_INSTALL(filter);
}

static void work(uint64_t random)
{
    static _Thread_local unsigned char *blocks[block_count];
    for (size_t step = 0; step < steps; step++) {
        size_t n = random_below(&random, block_count);
        size_t kind = random_below(&random, 1000);
        size_t size = kind < 3 ? 1 + random_below(&random, 9000000)
                                : 1 + random_below(&random, kind < 100 ? 80000 : 900);
        if (kind % 3 == 0) {
            blocks[n] = realloc(blocks[n], size);
        } else {
            free(blocks[n]);
            blocks[n] = kind % 3 == 1 ? malloc(size) : calloc(1, size);
            require(kind % 3 == 1 || blocks[n][size / 2] == 0, "calloc gives zeros");
        }
        require(blocks[n] != NULL, "there is memory");
        memset(blocks[n], 9, size);
        if (step % 10000 == 9999) malloc_trim(0);
    }
    for (size_t n = 0; n < block_count; n++) free(blocks[n]);
}

static void *body(void *argument)
{
    pthread_barrier_wait(&ready);
    pthread_barrier_wait(&begin);
    work((uintptr_t)argument + 1);
    pthread_barrier_wait(&done);
    for (;;)
        pthread_barrier_wait(&ready); /* to end a thread takes more calls, of the C library */
    return NULL;
}

int main(void)
{
    require_ours();
    pthread_barrier_init(&ready, NULL, thread_count + 1);
    pthread_barrier_init(&begin, NULL, thread_count + 1);
    pthread_barrier_init(&done, NULL, thread_count + 1);
    for (size_t n = 0; n < thread_count; n++) thread_start(body, (void *)n);
    pthread_barrier_wait(&ready);
    forbid_all_others();
    pthread_barrier_wait(&begin);
    work(99);
    pthread_barrier_wait(&done);
    stats_now();
    require_sound();
    _exit(0);
}
