/* SPDX-License-Identifier: MIT-0
 *
 * Allocates, sleeps for 30 ms, and allocates again.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>

static void *volatile times_block;

int main(void)
{
    const struct timespec pause = {0, 30000000};
    times_block = malloc(4001);
    free(times_block);
    times_block = malloc(4002);
    nanosleep(&pause, NULL);
    times_block = malloc(4003);
    return 0;
}
