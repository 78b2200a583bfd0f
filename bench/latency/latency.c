/* SPDX-License-Identifier: MIT-0
 *
 * How long a call can take, on whatever allocator is preloaded; bench/latency.py runs it. Each line of the
 * output is a JSON object.
 *
 *   latency steps          instructions and system calls of the worst malloc and free on each path: the
 *                          processor's trap flag has every instruction tell itself (x86-64)
 *   latency beside ROUNDS  nanoseconds of malloc and free of 64 bytes while another thread allocates, touches
 *                          and frees 256 MiB, so many times
 *   latency loop SIZE      nanoseconds of a round that allocates, touches and frees SIZE bytes
 */
#define _GNU_SOURCE 1
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
enum { page_size = 4096, block_max = 400000 };

static void *blocks[block_max];

static void touch(char *mem, size_t size)
{
    for (size_t at = 0; at < size; at += page_size) mem[at] = 1;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- steps ---- */

#if defined(__x86_64__)

static struct {
    volatile uint64_t steps, calls; /* of the call that is measured */
    uint64_t empty;                 /* steps of none */
    uint64_t sum, count, worst, worst_calls;
} stepper;

/* The next instruction is at RIP: 0F 05 is a system call. */
static void step_seen(int number, siginfo_t *info, void *context)
{
    const ucontext_t *at = context;
    const unsigned char *next = (const unsigned char *)at->uc_mcontext.gregs[REG_RIP];
    (void)number;
    (void)info;
    stepper.steps++;
    if (next[0] == 0x0f && next[1] == 0x05) stepper.calls++;
}

#define STEP_ON() __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc")
#define STEP_OFF()                                                                             \
    __asm__ volatile("pushfq\n\tandq $~0x100, (%%rsp)\n\tpopfq" ::: "memory", "cc")

static void steps_end(void)
{
    uint64_t steps = stepper.steps - stepper.empty;
    stepper.sum += steps;
    stepper.count++;
    if (steps > stepper.worst) stepper.worst = steps;
    if (stepper.calls > stepper.worst_calls) stepper.worst_calls = stepper.calls;
}

static void *step_malloc(size_t size)
{
    stepper.steps = stepper.calls = 0;
    STEP_ON();
    void *mem = malloc(size);
    STEP_OFF();
    steps_end();
    touch(mem, size);
    return mem;
}

static void step_free(void *mem)
{
    stepper.steps = stepper.calls = 0;
    STEP_ON();
    free(mem);
    STEP_OFF();
    steps_end();
}

static void steps_tell(const char *path)
{
    printf("{\"path\": \"%s\", \"mean\": %.1f, \"worst\": %llu, \"worst_calls\": %llu}\n", path,
           (double)stepper.sum / (double)stepper.count, (unsigned long long)stepper.worst,
           (unsigned long long)stepper.worst_calls);
    fflush(stdout);
    stepper.sum = stepper.count = stepper.worst = stepper.worst_calls = 0;
}

/* Up, down, and then one block in turn. */
static void step_size(const char *name, size_t size, size_t count)
{
    char path[64];
    for (size_t n = 0; n < count; n++) blocks[n] = step_malloc(size);
    snprintf(path, sizeof path, "malloc %s, growing", name);
    steps_tell(path);
    for (size_t n = 0; n < count; n++) step_free(blocks[n]);
    snprintf(path, sizeof path, "free %s, all of them", name);
    steps_tell(path);
    for (int n = 0; n < 3; n++) free(malloc(size));
    for (int n = 0; n < 20; n++) step_free(step_malloc(size));
    snprintf(path, sizeof path, "malloc and free %s, in turn", name);
    steps_tell(path);
}

static int steps(void)
{
    struct sigaction action = {.sa_sigaction = step_seen, .sa_flags = SA_SIGINFO};
    sigaction(SIGTRAP, &action, NULL);
    STEP_ON();
    STEP_OFF();
    stepper.empty = stepper.steps;
    step_size("64 B", 64, 2500);
    step_size("1000 B", 1000, 1200);
    step_size("4 KiB", 4 * KIB, 300);
    step_size("100 KiB", 100 * KIB, 60);
    step_size("2 MiB", 2 * MIB, 12);
    step_size("40 MiB", 40 * MIB, 4);
    return 0;
}

#else

static int steps(void) { return 2; }

#endif

/* ---- beside ---- */

enum { sample_max = 40000000 };

static struct {
    uint32_t *sample;
    size_t count;
    atomic_bool is_over;
} beside;

static void *measure_small(void *unused)
{
    (void)unused;
    uint64_t before = now_ns();
    while (!atomic_load_explicit(&beside.is_over, memory_order_relaxed) &&
           beside.count < sample_max) {
        free(malloc(64));
        uint64_t after = now_ns();
        uint64_t ns = after - before;
        beside.sample[beside.count++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
        before = after;
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t at_share(double share)
{
    return beside.sample[(size_t)(share * (double)(beside.count - 1))];
}

static void beside_round(size_t size)
{
    size_t count = 0;
    for (size_t sum = 0; sum < 256 * MIB && count < block_max; sum += size)
        touch(blocks[count++] = malloc(size), size);
    for (size_t n = 0; n < count; n++) free(blocks[n]);
}

static int measure_beside(int rounds)
{
    static const size_t sizes[] = {1000, 4000, 40000, 400000, 4000000, 64, 40000000};
    pthread_t thread;
    beside.sample = malloc(sample_max * sizeof *beside.sample);
    if (beside.sample == NULL || pthread_create(&thread, NULL, measure_small, NULL) != 0)
        return 2;
    for (int n = 0; n < rounds; n++)
        beside_round(sizes[(size_t)n % (sizeof sizes / sizeof *sizes)]);
    if (rounds == 0) { /* what the machine does by itself */
        uint64_t end = now_ns() + 2000000000;
        while (now_ns() < end) {
        }
    }
    atomic_store(&beside.is_over, true);
    pthread_join(thread, NULL);
    qsort(beside.sample, beside.count, sizeof *beside.sample, compare);
    printf("{\"pairs\": %zu, \"p50\": %u, \"p99\": %u, \"p99.9\": %u, \"p99.99\": %u, \"max\": "
           "%u}\n",
           beside.count, at_share(0.5), at_share(0.99), at_share(0.999), at_share(0.9999),
           at_share(1));
    return 0;
}

/* ---- loop ---- */

static int loop(size_t size)
{
    enum { warm = 20 };
    int rounds = (int)(1024 * MIB / size);
    uint64_t start = 0;
    for (int n = -warm; n < rounds; n++) {
        if (n == 0) start = now_ns();
        char *mem = malloc(size);
        touch(mem, size);
        free(mem);
    }
    printf("{\"size\": %zu, \"ns\": %.0f}\n", size, (double)(now_ns() - start) / rounds);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "steps") == 0) return steps();
    if (argc == 3 && strcmp(argv[1], "beside") == 0) return measure_beside(atoi(argv[2]));
    if (argc == 3 && strcmp(argv[1], "loop") == 0) return loop(strtoul(argv[2], NULL, 10));
    fprintf(stderr, "usage: latency steps | beside ROUNDS | loop SIZE\n");
    return 2;
}
