/* SPDX-License-Identifier: MIT-0
 *
 * a block that grows by realloc from 4 KiB to 1 GiB, doubling each time, beside others that were allocated
 * before and after it. Once it has more than KIB it is copied no more: its pages stay, or the host moves them. A
 * realloc that copies counts as an allocation. a57_grow_by_realloc KIB
 */
#include "operators/process.h"

/* The most bytes that were copied at once. */
static size_t largest_copy(size_t from, size_t to, const char *name)
{
    size_t most = 0;
    void *mem = malloc(from);
    for (size_t size = from; size < to; size *= 2) {
        memset(mem, 1,
               size < MIB
                   ? size
                   : MIB); /* the rest is not touched, so that this needs little memory */
        size_t before = stats_now().allocations;
        mem = realloc(mem, 2 * size);
        require(mem != NULL, "there is memory");
        bool is_copied = stats_now().allocations != before;
        if (is_copied) printf("%s: %zu KiB are copied\n", name, size / KIB);
        if (is_copied) most = size;
        require(((char *)mem)[0] == 1 &&
                    ((char *)mem)[size / 2 < MIB ? size / 2 : MIB - 1] == 1,
                "the contents are there");
    }
    free(mem);
    fflush(stdout);
    return most;
}

int main(int argc, char **argv)
{
    enum { others = 100 };
    void *other[others];
    require(argc == 2, "usage: a57_grow_by_realloc KIB");
    require_ours();
    size_t most = largest_copy(4 * KIB, 1024 * MIB, "alone");
    for (int n = 0; n < others; n++) other[n] = malloc(5000 + 1000 * (size_t)n);
    size_t beside = largest_copy(4 * KIB, 1024 * MIB, "beside others");
    for (int n = 0; n < others; n += 2) free(other[n]);
    size_t between = largest_copy(4 * KIB, 1024 * MIB, "between others");
    for (int n = 1; n < others; n += 2) free(other[n]);
    most = beside > most ? beside : most;
    most = between > most ? between : most;
    require_at_most("KiB copied at once", most / KIB, strtoul(argv[1], NULL, 10));
    require_sound();
    return 0;
}
