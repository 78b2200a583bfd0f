/* SPDX-License-Identifier: MIT-0
 *
 * A-56 over a fake host: a loop that allocates, touches and frees a block of 1 to 32 MiB calls the host at
 * most twice in 100 rounds, when MILLISECONDS pass with each call. That what is free still goes back: a01_idle_*.
 * a56_large_loop MILLISECONDS
 */
#include "operators/latency_host.h"

#include <stdlib.h>

enum { warm_rounds = 20, rounds = 100 };

int main(int argc, char **argv)
{
    static const size_t sizes[] = {1, 2, 3, 4, 6, 8, 12, 16, 24, 31, 32};
    unsigned step = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    size_t failures = 0;
    host_start();
    for (size_t n = 0; n < TESTING_COUNT(sizes); n++) {
        host_begin(step);
        for (int round = 0; round < warm_rounds; round++)
            host_free(host_malloc(sizes[n] * MIB));
        host_begin(step);
        for (int round = 0; round < rounds; round++) host_free(host_malloc(sizes[n] * MIB));
        printf("%2zu MiB: %3zu calls of the host in %d rounds\n", sizes[n], host_calls(),
               rounds);
        failures += host_calls() > 2;
    }
    if (failures != 0) printf("does not hold: at most two calls of the host\n");
    return failures != 0;
}
