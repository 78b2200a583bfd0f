/* SPDX-License-Identifier: MIT-0
 *
 * Allocation before main: from .preinit_array, which precedes all constructors, ours too, and
 * from constructors of the first and the last priority.
 */
#include "start/ours.h"

static char *blocks[3];

/* More than the first segment holds, all of it written: what was taken from the host before the
 * page size was known must be ours to its last byte. */
static void fill_first_segment(void)
{
    enum { count = 6000, size = 1000 };
    static char *many[count];
    for (size_t idx = 0; idx < count; idx++) {
        many[idx] = malloc(size);
        require(many[idx] != NULL, "there is memory before the start");
        memset(many[idx], (int)idx, size);
    }
    for (size_t idx = 0; idx < count; idx++) {
        for (size_t at = 0; at < size; at++) require(many[idx][at] == (char)idx, "unharmed");
        free(many[idx]);
    }
}

static void allocate_at_preinit(int count, char **arguments, char **environment)
{
    (void)count;
    (void)arguments;
    (void)environment;
    blocks[0] = use_malloc(500);
    fill_first_segment();
}

__attribute__((section(".preinit_array"),
               used)) static void (*const preinit)(int, char **, char **) = allocate_at_preinit;

__attribute__((constructor(101))) static void allocate_first(void)
{
    blocks[1] = use_malloc(5000);
}

__attribute__((constructor(65535))) static void allocate_last(void)
{
    blocks[2] = use_malloc(50000);
}

int main(void)
{
    static const size_t sizes[] = {500, 5000, 50000};
    for (size_t idx = 0; idx < 3; idx++) {
        require(blocks[idx] != NULL, "the early code ran");
        for (size_t at = 0; at < sizes[idx]; at++) require(blocks[idx][at] == 'p', "unharmed");
        free(blocks[idx]);
    }
    require_ours();
    return 0;
}
