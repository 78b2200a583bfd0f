/* SPDX-License-Identifier: MIT-0
 *
 * strata never asks for huge pages by itself: the kernel ends the process at a prctl, at a mapping of
 * huge pages and at advice for them. A heap whose pages are given by functions of the program's may have
 * them: if these refuse, that is the answer, and the heap is whole.
 */
#include "operators/filter.h"

#include <malloc.h>
#include <sys/mman.h>

enum { block_count = 400, advice_collapse = 25 };

static void forbid_huge_pages(void)
{
    struct sock_filter filter[] = {
        FILTER_BEGIN,
        FILTER_CALL(SYS_prctl, SECCOMP_RET_KILL_PROCESS),
        FILTER_BITS(SYS_mmap, 3, MAP_HUGETLB, SECCOMP_RET_KILL_PROCESS),
        FILTER_VALUE(SYS_madvise, 2, MADV_HUGEPAGE, SECCOMP_RET_KILL_PROCESS),
        FILTER_VALUE(SYS_madvise, 2, advice_collapse, SECCOMP_RET_KILL_PROCESS),
        FILTER_END(SECCOMP_RET_ALLOW),
    };
    FILTER_INSTALL(filter);
}

static void work(void)
{
    static char *blocks[block_count];
    uint64_t random = 9;
    for (size_t step = 0; step < 60000; step++) {
        size_t n = random_below(&random, block_count);
        size_t kind = random_below(&random, 1000);
        size_t size = 1 + random_below(&random, kind == 0   ? 20000000
                                                : kind < 50 ? 200000
                                                            : 900);
        free(blocks[n]);
        blocks[n] = kind % 2 == 0 ? malloc(size) : calloc(1, size);
        require(blocks[n] != NULL, "there is memory");
        blocks[n][size / 2] = 1;
    }
    for (size_t n = 0; n < block_count; n++) free(blocks[n]);
    malloc_trim(0);
}

/* What the program does to have huge pages in one heap; here the host has none to spare. */
static int takes;
static void *take_huge(void *context, size_t size)
{
    (void)context;
    if (++takes > 2) return NULL;
    void *got =
        mmap(NULL, size + 64 * KIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return got == MAP_FAILED
               ? NULL
               : (void *)(((uintptr_t)got + 64 * KIB - 1) / (64 * KIB) * (64 * KIB));
}

static void check_heap(void)
{
    const strata_pages pages = {.take = take_huge, .is_zero = 1};
    const strata_heap_config config = {.name = "huge", .pages = &pages};
    strata_heap *heap = ours(strata_heap_create)(&config);
    require(heap != NULL, "there is a heap");
    size_t count = 0;
    while (count < 1000000 && ours(strata_heap_malloc)(heap, 100000) != NULL) count++;
    require(count > 0 && count < 1000000, "the heap has what it was given");
    require(ours(strata_heap_check)(heap, NULL) == 0, "and is whole");
    ours(strata_heap_destroy)(heap);
}

int main(void)
{
    require_ours();
    forbid_huge_pages();
    work();
    check_heap();
    require_sound();
    return 0;
}
