/* SPDX-License-Identifier: MIT-0
 *
 * SYNC-2, the page map: a reader that finds a new leaf finds words in it that are zero or what
 * was stored, never what the memory held before. One thread makes leaves by giving away granules
 * in address ranges that nobody used; the others look at the same addresses meanwhile.
 */
#include "stress/stress.h"

#include "map/pagemap.h"
#include "os/os.h"

enum { reader_count = 4, leaf_count = 64 };

/* One granule in each of many leaves, at addresses that no host gives a program by itself. */
static void *place_in_leaf(size_t number)
{
    uintptr_t leaf_size = (uintptr_t)ST_GRANULE << ST_PAGEMAP_LEAF_BITS;
    return (void *)(leaf_size * (100 + number) + ST_GRANULE * (number % 7));
}

static _Atomic(size_t) published; /* leaves whose word the writer has stored */
static _Atomic(size_t) ready;

static st_owner owner_of(size_t number)
{
    return st_owner_make(st_owner_direct, (uint32_t)number + 1);
}

static void *read_words(void *argument)
{
    size_t start = (size_t)(uintptr_t)argument;
    atomic_fetch_add_explicit(&ready, 1, memory_order_relaxed);
    size_t seen = 0;
    for (size_t at = start; seen < leaf_count; at = (at + 1) % leaf_count) {
        st_owner owner = st_pagemap_get(place_in_leaf(at));
        require(owner == 0 || owner == owner_of(at), "a word is zero or what was stored");
        char *beside = (char *)place_in_leaf(at) + ST_GRANULE;
        require(st_pagemap_get(beside) == 0, "the words beside it are zero");
        seen = atomic_load_explicit(&published, memory_order_acquire);
        if (at < seen) {
            require(st_pagemap_get(place_in_leaf(at)) == owner_of(at),
                    "what was stored is seen");
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t readers[reader_count];
    for (size_t n = 0; n < reader_count; n++) {
        readers[n] = thread_start(read_words, (void *)(uintptr_t)(n * 13));
    }
    while (atomic_load_explicit(&ready, memory_order_relaxed) < reader_count) st_os_yield();
    for (size_t n = 0; n < leaf_count; n++) {
        require(st_pagemap_set(place_in_leaf(n), ST_GRANULE, owner_of(n)),
                "a leaf can be made");
        atomic_store_explicit(&published, n + 1, memory_order_release);
        st_os_yield();
    }
    for (size_t n = 0; n < reader_count; n++) thread_join(readers[n]);
    for (size_t n = 0; n < leaf_count; n++) {
        require(st_pagemap_set(place_in_leaf(n), ST_GRANULE, 0), "a granule can be taken back");
        require(st_pagemap_get(place_in_leaf(n)) == 0, "and is then nobody's");
    }
    return 0;
}
