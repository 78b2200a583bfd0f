/* SPDX-License-Identifier: MIT-0
 *
 * When memory goes back, and what that costs. Run with the library preloaded:
 *
 *   purge falling    several threads free step by step: at each step no more than may be is dirty (A-02;
 *                    STRATA_OPTIONS=purge_rate=max, so that none waits to be paid for)
 *   purge at_once    what is freed has gone at once (A-03; dirty_max=0)
 *   purge in_time    and after a while, if nothing else gives it back (A-03; dirty_max=max,purge_delay=50)
 *   purge request    malloc_trim gives back what threads have free that sleep in the kernel (A-05; dirty_max=max)
 *   purge steady     millions of pairs while as much stays in use, between two marks for strace
 *
 * No mode ever starts a thread of the library's own.
 */
#include "operators/process.h"

#include <malloc.h>
#include <sys/mman.h>

enum { thread_count = 4, steps = 16 };

static size_t before;

/* Not of the allocator: lists of blocks are no part of what is measured. */
static char *lists;
enum { list_size = 16 << 20 };

static char **list_of(size_t thread) { return (char **)(void *)(lists + thread * list_size); }

static size_t beyond(void)
{
    size_t now = resident_now();
    return now - (now < before ? now : before);
}

/* Mixed sizes that are freed in the order in which they came: so pages come to be free as wholes. */
static size_t size_of(size_t number)
{
    if (number % 7 == 0) return 20000;
    return number % 3 == 0 ? 3000 : 40 + number % 900;
}

static size_t fill(size_t thread, size_t bytes)
{
    char **blocks = list_of(thread);
    size_t count = 0;
    for (size_t sum = 0; sum < bytes; sum += size_of(count++)) {
        blocks[count] = malloc(size_of(count));
        require(blocks[count] != NULL, "there is memory");
        memset(blocks[count], 1, size_of(count));
    }
    return count;
}

static void drop(size_t thread, size_t from, size_t to)
{
    char **blocks = list_of(thread);
    for (size_t n = from; n < to; n++) free(blocks[n]);
}

/* ---- threads ---- */

static pthread_barrier_t turn;
static size_t thread_bytes;

static void *fall(void *number)
{
    size_t thread = (size_t)(uintptr_t)number;
    size_t count = fill(thread, thread_bytes);
    pthread_barrier_wait(&turn);
    for (size_t step = 0; step < steps; step++) {
        pthread_barrier_wait(&turn);
        drop(thread, count * step / steps, count * (step + 1) / steps);
        pthread_barrier_wait(&turn);
    }
    return NULL;
}

static void start_threads(void *(*body)(void *), size_t count, pthread_t *threads)
{
    pthread_barrier_init(&turn, NULL, (unsigned)count + 1);
    for (size_t n = 0; n < count; n++) threads[n] = thread_start(body, (void *)(uintptr_t)n);
}

/* What is live, a tenth of that or 8 MiB, an eighth for headers and rounding up to a size, and what threads keep
 * and have on pages that are partly in use. */
static void falling(void)
{
    pthread_t threads[thread_count];
    thread_bytes = 64 * MIB;
    start_threads(fall, thread_count, threads);
    pthread_barrier_wait(&turn);
    size_t all = thread_count * thread_bytes;
    for (size_t step = 1; step <= steps; step++) {
        pthread_barrier_wait(&turn);
        pthread_barrier_wait(&turn);
        size_t live = all - all * step / steps;
        size_t dirty = live / 10 > 8 * MIB ? live / 10 : 8 * MIB;
        require_at_most("resident beyond the start", beyond(), live + live / 8 + dirty + thread_count * MIB);
    }
    for (size_t n = 0; n < thread_count; n++) thread_join(threads[n]);
}

/* ---- options alone ---- */

/* Two per cent, 16 bytes a block, and what else the program has touched since. */
static void at_once(void)
{
    static const size_t sizes[] = {64, 1000, 4000, 30000, 500000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char **blocks = list_of(0);
        size_t count = 128 * MIB / sizes[i];
        for (size_t n = 0; n < count; n++) memset(blocks[n] = malloc(sizes[i]), 1, sizes[i]);
        for (size_t n = 0; n < count / 2; n++) free(blocks[n]);
        size_t live = 64 * MIB + 64 * MIB / (sizes[i] / 16);
        require_at_most("resident, half being live", beyond(), live + live / 50 + 2 * MIB);
        for (size_t n = count / 2; n < count; n++) free(blocks[n]);
        require_at_most("resident, nothing being live", beyond(), 3 * MIB);
    }
}

static void in_time(void)
{
    size_t count = fill(0, 128 * MIB);
    drop(0, 0, count);
    require(beyond() > 64 * MIB, "it does not go back at once");
    /* First what was dirty before all was free, then the rest. */
    for (size_t turns = 0; turns < 3; turns++) {
        usleep(100000);
        for (size_t n = 0; n < 200; n++) free(malloc(1000000)); /* more than threads keep */
    }
    require_at_most("resident after a while", beyond(), 4 * MIB);
}

/* ---- on request ---- */

static int pipe_ends[2];

static void *hold_and_sleep(void *number)
{
    size_t thread = (size_t)(uintptr_t)number;
    char byte;
    drop(thread, 0, fill(thread, thread_bytes));
    pthread_barrier_wait(&turn);
    require(read(pipe_ends[0], &byte, 1) == 1, "the pipe tells");
    return NULL;
}

static void request(void)
{
    enum { sleepers = 8 };
    pthread_t threads[sleepers];
    require(pipe(pipe_ends) == 0, "there is a pipe");
    thread_bytes = 32 * MIB;
    start_threads(hold_and_sleep, sleepers, threads);
    pthread_barrier_wait(&turn);
    require(beyond() > 64 * MIB, "it does not go back by itself");
    require(malloc_trim(0) == 1, "something goes back");
    /* What threads keep for themselves: at most 12 MiB in all. */
    require_at_most("resident after malloc_trim", beyond(), 8 * MIB + 12 * MIB);
    require(malloc_trim(0) == 0, "nothing is left to go back");
    for (size_t n = 0; n < sleepers; n++) require(write(pipe_ends[1], "", 1) == 1, "the pipe takes");
    for (size_t n = 0; n < sleepers; n++) thread_join(threads[n]);
}

/* ---- steady ---- */

static void replace(uint64_t *random, size_t pairs)
{
    enum { live_count = 50000 };
    char **blocks = list_of(0);
    for (size_t n = 0; n < pairs; n++) {
        size_t at = random_below(random, live_count);
        size_t size = (size_t)16 << random_below(random, 11);
        size += random_below(random, size);
        free(blocks[at]);
        blocks[at] = malloc(size);
        blocks[at][0] = blocks[at][size - 1] = 1;
    }
}

static void steady(void)
{
    uint64_t random = 1;
    replace(&random, 1000000);
    (void)!write(-11, "", 0);
    replace(&random, 1000000);
    (void)!write(-12, "", 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } modes[] = {{"falling", falling}, {"at_once", at_once}, {"in_time", in_time},
                 {"request", request}, {"steady", steady}};
    require(argc == 2, "one mode is asked for");
    require_ours();
    lists = mmap(NULL, 9 * list_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(lists != MAP_FAILED, "there is room for lists");
    for (size_t at = 0; at < 9 * (size_t)list_size; at += 4096) lists[at] = 0;
    before = resident_now();
    for (size_t n = 0; n < sizeof modes / sizeof *modes; n++) {
        if (strcmp(argv[1], modes[n].name) != 0) continue;
        modes[n].run();
        require_sound();
        require(kernel_value("/proc/self/status", "\nThreads:") == KIB, "the library has no thread");
        return 0;
    }
    require(false, "the mode is known");
}
