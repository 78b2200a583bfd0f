/* SPDX-License-Identifier: MIT-0
 *
 * limits_main ROOM [data]: with ROOM MiB more of address space than it has, or of private memory
 * that may be written to, allocates until there is no more, in each size; that ends in NULL and
 * ENOMEM, and after freeing all is as before. With the second limit the host lets address space be
 * reserved and refuses to commit it, as hosts do that promise no more memory than they have.
 */
#include "start/start.h"

#include <errno.h>
#include <sys/resource.h>

/* The number in KiB after `key` in /proc/self/status, as bytes. */
static size_t ask_host(const char *key)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[200];
    size_t value = 0;
    require(file != NULL, "the kernel tells");
    while (value == 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) == 0) value = strtoul(line + strlen(key), NULL, 10);
    }
    fclose(file);
    require(value != 0, "the kernel tells how much there is");
    return value << 10;
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
    require(count >= 2, "usage: limits_main ROOM [data]");
    size_t room = strtoul(arguments[1], NULL, 10) << 20;
    bool is_data = count > 2;
    char *before = use_malloc(1000);
    struct rlimit limit = {ask_host(is_data ? "VmData:" : "VmSize:") + room, RLIM_INFINITY};
    require(setrlimit(is_data ? RLIMIT_DATA : RLIMIT_AS, &limit) == 0, "the limit can be set");
    static const size_t sizes[] = {24, 200, 1000, 10000, 100000, 1000000, 5000000};
    for (size_t idx = 0; idx < sizeof sizes / sizeof sizes[0]; idx++) exhaust(sizes[idx]);
    for (size_t at = 0; at < 1000; at++) require(before[at] == 'p', "unharmed");
    free(before);
    return 0;
}
