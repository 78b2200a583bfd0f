/* SPDX-License-Identifier: MIT-0
 *
 * a child that frees what it inherited copies, for each slab, the page of what is known of it, and
 * not the slab's own pages; with purging stopped in the child it asks the kernel for nothing. What is
 * counted are the pages that the kernel copies.
 */
#include "operators/filter.h"

#include <sys/resource.h>

enum { block_count = 60000, block_size = 1000, slab_blocks = 65 };

static char *blocks[block_count];

static size_t faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (size_t)usage.ru_minflt;
}

static void free_inherited(void)
{
    size_t before = faults();
    /* One of each slab's, then the rest of one slab in ten. */
    for (size_t n = 0; n < block_count; n += slab_blocks) free(blocks[n]);
    size_t slabs = block_count / slab_blocks;
    require_at_most("pages copied, one block of each slab", faults() - before, slabs);
    before = faults();
    for (size_t n = 0; n < block_count; n++) {
        if (n % slab_blocks != 0) free(blocks[n]);
    }
    require_at_most("pages copied, all of them", faults() - before, slabs);
}

static void forbid_purging(void)
{
    struct sock_filter filter[] = {
        FILTER_BEGIN,
        FILTER_CALL(SYS_madvise, SECCOMP_RET_KILL_PROCESS),
        FILTER_CALL(SYS_munmap, SECCOMP_RET_KILL_PROCESS),
        FILTER_END(SECCOMP_RET_ALLOW),
    };
    FILTER_INSTALL(filter);
}

int main(void)
{
    require_ours();
    for (size_t n = 0; n < block_count; n++) {
        blocks[n] = malloc(block_size);
        memset(blocks[n], 1, block_size);
    }
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        free_inherited();
        _exit(0);
    }
    require_child(child);
    child = fork();
    if (child == 0) {
        ours(strata_option_set)("purge_delay", SIZE_MAX);
        ours(strata_option_set)("dirty_max", SIZE_MAX);
        ours(strata_option_set)("trim_threshold", SIZE_MAX);
        ours(strata_option_set)("direct_cache", SIZE_MAX);
        void *large = malloc(100 * MIB);
        forbid_purging();
        free_inherited();
        free(large);
        _exit(0);
    }
    require_child(child);
    return 0;
}
