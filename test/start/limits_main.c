/* SPDX-License-Identifier: MIT-0
 *
 * limits_main ROOM: with ROOM MiB more of address space than it has, allocates until there is
 * no more, in each size; that ends in NULL and ENOMEM, and after freeing all is as before.
 */
#include "start/start.h"

#include <errno.h>
#include <sys/resource.h>

/* Bytes of address space in use now. */
static size_t address_space(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    size_t pages = 0;
    require(file != NULL && fscanf(file, "%zu", &pages) == 1, "the kernel tells");
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Links blocks of `size` until there is none; returns how many. */
static size_t allocate_all(size_t size, void ***first)
{
    size_t count = 0;
    *first = NULL;
    for (;;) {
        errno = 0;
        void **block = malloc(size);
        if (block == NULL) break;
        block[0] = *first;
        *first = block;
        count++;
    }
    require(errno == ENOMEM, "the end of memory is ENOMEM");
    return count;
}

static void free_all(void **first)
{
    while (first != NULL) {
        void **next = first[0];
        free(first);
        first = next;
    }
}

static void exhaust(size_t size)
{
    void **first;
    size_t count = allocate_all(size, &first);
    errno = 0;
    require(calloc(1, 64 << 20) == NULL && errno == ENOMEM, "calloc fails alike");
    if (first != NULL) {
        require(realloc(first, 64 << 20) == NULL && errno == ENOMEM, "realloc fails alike");
    }
    void *aligned = &errno;
    require(posix_memalign(&aligned, 4096, 64 << 20) == ENOMEM && aligned == &errno,
            "posix_memalign fails alike");
    require(strata_check(NULL) == 0, "with memory exhausted every structure is whole");
    free_all(first);
    require(strata_check(NULL) == 0, "after freeing all, too");
    size_t again = allocate_all(size, &first);
    require(again + again / 4 + 2 >= count, "what was freed can be had again");
    free_all(first);
    strata_trim(0);
}

int main(int count, char **arguments)
{
    require(count == 2, "usage: limits_main ROOM");
    size_t room = strtoul(arguments[1], NULL, 10) << 20;
    char *before = use_malloc(1000);
    struct rlimit limit = {address_space() + room, RLIM_INFINITY};
    require(setrlimit(RLIMIT_AS, &limit) == 0, "the limit can be set");
    static const size_t sizes[] = {24, 200, 1000, 10000, 100000, 1000000, 5000000};
    for (size_t idx = 0; idx < sizeof sizes / sizeof sizes[0]; idx++) exhaust(sizes[idx]);
    for (size_t at = 0; at < 1000; at++) require(before[at] == 'p', "unharmed");
    free(before);
    return 0;
}
