/* SPDX-License-Identifier: MIT-0
 *
 * What becomes of pointers that other allocators gave out.
 */
#include "api/foreign.h"

#include "base/bits.h"
#include "books/options.h"
#include "map/pagemap.h"
#include "map/slices.h"
#include "os/os.h"

#if STRATA_PAGEMAP

enum { foreign_is_misuse, foreign_is_ignored, foreign_is_handed_on };

/* How many allocators this thread has handed a pointer on to that have not returned: one that finds it
 * foreign, too, may hand it back to us. */
static ST_THREAD_LOCAL uint8_t foreign_depth;

static ST_COLD bool foreign_is_certain(const void *mem)
{
#if STRATA_SLABS
    uintptr_t idx = st_slices_idx(mem);
    if (idx < ST_SLICES_MAX && st_slices_word(idx) != 0) return false;
#endif
    return st_pagemap_get(mem) == 0;
}

/* Who to ask. Before the start nobody can be, and what no allocator gives out is not worth asking. Without
 * thread-local data of ours we could not tell when it comes back, and ask nobody. */
static bool foreign_find_other(const void *mem, st_os_other *other)
{
    return st_option(on_foreign) == foreign_is_handed_on && STRATA_DLOPEN < 2 &&
           st_os_is_started() && st_is_aligned(mem, sizeof(void *)) &&
           st_os_other_allocator(foreign_depth, other);
}

ST_COLD bool st_foreign_is_tolerated(const void *mem)
{
    return st_option(on_foreign) != foreign_is_misuse && foreign_is_certain(mem);
}

ST_COLD bool st_foreign_free(void *mem)
{
    st_os_other other = {0};
    if (!st_foreign_is_tolerated(mem)) return false;
    if (foreign_find_other(mem, &other)) {
        foreign_depth++;
        other.free(mem);
        foreign_depth--;
    }
    return true;
}

/* Of 0 bytes others may give NULL, having freed the block: our callers rely on our word that this is a
 * refusal. */
ST_COLD bool st_foreign_resize(void *mem, size_t req, void **result)
{
    st_os_other other = {0};
    if (!st_foreign_is_tolerated(mem)) return false;
    *result = NULL;
    if (foreign_find_other(mem, &other) && other.realloc != NULL) {
        foreign_depth++;
        *result = other.realloc(mem, st_max(req, 1));
        foreign_depth--;
    }
    return true;
}

ST_COLD size_t st_foreign_usable(const void *mem)
{
    st_os_other other = {0};
    size_t usable = 0;
    if (st_foreign_is_tolerated(mem) && foreign_find_other(mem, &other) &&
        other.usable != NULL) {
        foreign_depth++;
        usable = other.usable(st_at(mem, 0));
        foreign_depth--;
    }
    return usable;
}

#endif
