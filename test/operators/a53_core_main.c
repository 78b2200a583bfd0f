/* SPDX-License-Identifier: MIT-0
 *
 * uses much, or has used more and still uses some, and waits for a debugger to write a core.
 * a53_core_main grown|shrunk.
 */
#include "operators/process.h"

enum { block_count = 120000 };

int main(int argc, char **argv)
{
    static void *blocks[block_count];
    uint64_t random = 2;
    require_ours();
    for (size_t n = 0; n < block_count; n++) {
        size_t size = 1 + random_below(&random, n % 100 == 0 ? 60000 : 1000);
        memset(blocks[n] = malloc(size), 1, size);
    }
    if (argc > 1 && strcmp(argv[1], "shrunk") == 0) {
        free(memset(malloc(50 * MIB), 1, 50 * MIB));
        for (size_t n = block_count / 2; n < block_count; n++) free(blocks[n]);
        ours(strata_trim)(0);
    }
    printf("%zu\n", resident_now());
    fflush(stdout);
    for (;;) pause();
}
