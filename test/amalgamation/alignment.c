/* SPDX-License-Identifier: MIT-0
 *
 * With STRATA_ALIGNMENT set, every block is aligned so, whatever happens to it.
 */
#include <stdint.h>
#include <stdio.h>

#include "strata.h"

enum { count = 500 };

int main(void)
{
    char *mem[count] = {0};
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < count; i++) {
            size_t size = (size_t)(i * 37 % 3000) + (size_t)round;
            if (i % 3 == 0) {
                strata_free(mem[i]);
                mem[i] = strata_malloc(size);
            } else {
                mem[i] = strata_realloc(mem[i], size);
            }
            if (mem[i] == NULL || (uintptr_t)mem[i] % STRATA_ALIGNMENT != 0) {
                printf("a block of %zu bytes is at %p\n", size, (void *)mem[i]);
                return 1;
            }
        }
    }
    for (int i = 0; i < count; i++) strata_free(mem[i]);
    const char *first = "";
    int broken = strata_check(&first);
    if (broken != 0) printf("%d broken, %s first\n", broken, first);
    return broken != 0;
}
