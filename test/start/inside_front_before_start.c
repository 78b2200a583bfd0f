/* SPDX-License-Identifier: MIT-0
 *
 * Before the program has started there are no slabs, no caches and no shelves: all is served by
 * spaces, and nothing thread-local is touched. What was handed out then can be resized and freed
 * later, by any thread. Compiled into the amalgamation: it looks at inner variables.
 */
#include "start/start.h"

#include <pthread.h>

#include "slab/cache.h"

enum { block_count = 200 };

static char *blocks[block_count];
static bool has_run;

static size_t size_of(size_t idx) { return idx * idx % 40000; }

static bool is_filled(const char *bytes, size_t size, size_t byte)
{
    for (size_t at = 0; at < size; at++) {
        if (bytes[at] != (char)byte) return false;
    }
    return true;
}

static void require_inert(void)
{
    require(st_cache_limit == 0, "no request is small enough for a magazine");
    require(st_slices_idx(blocks) >= ST_SLICES_MAX, "there is no window");
    require(st_near.cache == NULL && st_near.allocations == 0, "there is no cache");
    require(st_near.me == ST_CACHE_NOBODY, "no slab is one's own");
}

static void before_start(int count, char **arguments, char **environment)
{
    (void)count;
    (void)arguments;
    (void)environment;
    for (size_t idx = 0; idx < block_count; idx++) {
        strata_free(strata_malloc(size_of(idx) + 16));
        blocks[idx] = strata_malloc(size_of(idx));
        require(blocks[idx] != NULL, "there is memory");
        require(st_slices_idx(blocks[idx]) >= ST_SLICES_MAX, "it is no slab's");
        memset(blocks[idx], (int)idx, size_of(idx));
    }
    for (size_t idx = 0; idx < block_count; idx += 5) {
        blocks[idx] = strata_realloc(blocks[idx], size_of(idx) + 100);
        require(is_filled(blocks[idx], size_of(idx), idx), "resized, with its contents");
    }
    strata_trim(0);
    require_inert();
    has_run = true;
}

__attribute__((section(".preinit_array"),
               used)) static void (*const preinit)(int, char **, char **) = before_start;

/* Every third block is another thread's to free, every third is resized. */
static void *free_some(void *unused)
{
    (void)unused;
    for (size_t idx = 0; idx < block_count; idx += 3) strata_free(blocks[idx]);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    require(has_run, "the code before the start ran");
    require(st_cache_limit != 0, "now there are magazines");
    for (size_t idx = 0; idx < block_count; idx++)
        require(is_filled(blocks[idx], size_of(idx), idx), "unharmed");
    require(pthread_create(&thread, NULL, free_some, NULL) == 0, "a thread starts");
    require(pthread_join(thread, NULL) == 0, "a thread can be joined");
    for (size_t idx = 1; idx < block_count; idx += 3) strata_free(blocks[idx]);
    for (size_t idx = 2; idx < block_count; idx += 3) {
        char *resized = strata_realloc(blocks[idx], 700);
        require(resized != NULL, "there is memory");
        size_t kept = size_of(idx) < 700 ? size_of(idx) : 700;
        require(is_filled(resized, kept, idx), "resized, with its contents");
        strata_free(resized);
    }
    char *small = strata_malloc(700);
    require(st_slices_idx(small) < ST_SLICES_MAX, "small blocks come from slabs now");
    strata_free(small);
    require(strata_check(NULL) == 0, "every structure is whole");
    return 0;
}
