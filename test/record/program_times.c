/* SPDX-License-Identifier: MIT-0
 *
 * Allocates, sleeps for 30 ms, and allocates again; and again all the time for 20 ms.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>

static void *volatile times_block;

static void allocate_for_ms(long ms)
{
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    do {
        free(malloc(100));
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
}

int main(void)
{
    const struct timespec pause = {0, 30000000};
    times_block = malloc(4001);
    free(times_block);
    times_block = malloc(4002);
    nanosleep(&pause, NULL);
    times_block = malloc(4003);
    allocate_for_ms(20);
    return 0;
}
