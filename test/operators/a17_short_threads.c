/* SPDX-License-Identifier: MIT-0
 *
 * a hundred thousand threads, one after the other, each of which leaves a block to the main thread,
 * which frees it later. From the first 500 on, resident memory and the number of mappings stay as they
 * are. And what a thread had free when it ended serves others at once.
 */
#include "operators/process.h"

enum { thread_count = 100000, at_first = 500, kept = 64, at_once = 4 };

static void *leave_a_block(void *argument)
{
    uint64_t random = (uintptr_t)argument;
    void *own[20];
    for (size_t n = 0; n < 20; n++)
        own[n] = malloc(1 + random_below(&random, n == 0 ? 30000 : 1500));
    void *left = malloc(1 + random_below(&random, 3000));
    require(left != NULL, "there is memory");
    for (size_t n = 0; n < 20; n++) free(own[n]);
    return left;
}

static void run_threads(size_t first, size_t count)
{
    static void *left[kept];
    for (size_t n = first; n < first + count; n += at_once) {
        pthread_t threads[at_once];
        for (size_t i = 0; i < at_once; i++)
            threads[i] = thread_start(leave_a_block, (void *)(n + i));
        for (size_t i = 0; i < at_once; i++) {
            void **place = &left[(n + i) % kept];
            free(*place);
            require(pthread_join(threads[i], place) == 0, "a thread ends");
        }
    }
}

/* Fills much memory with blocks of one size, and frees it. The size of all is the same. */
static void *fill_and_free(void *size_of_each)
{
    size_t size = (uintptr_t)size_of_each;
    size_t count = 32 * MIB / size;
    void **blocks = calloc(count, sizeof *blocks);
    for (size_t n = 0; n < count; n++) {
        blocks[n] = malloc(size);
        memset(blocks[n], 1, size);
    }
    for (size_t n = 0; n < count; n++) free(blocks[n]);
    free(blocks);
    return NULL;
}

/* Each thread needs other sizes; none begins before the one before it has ended. */
static void check_use_by_others(void)
{
    size_t before = kernel_value("/proc/self/status", "\nVmHWM:");
    for (size_t size = 200; size <= 1000; size += 160) {
        thread_join(thread_start(fill_and_free, (void *)size));
        if (size == 200) before = kernel_value("/proc/self/status", "\nVmHWM:");
    }
    require_at_most("peak, with other sizes", kernel_value("/proc/self/status", "\nVmHWM:"),
                    before + 2 * MIB);
}

int main(void)
{
    require_ours();
    run_threads(0, at_first);
    size_t resident = resident_now();
    size_t mappings = mappings_now();
    run_threads(at_first, thread_count - at_first);
    require_at_most("resident", resident_now(), resident + 512 * KIB);
    require_at_most("mappings", mappings_now(), mappings + 8);
    require_sound();
    check_use_by_others();
    return 0;
}
