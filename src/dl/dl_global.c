/* SPDX-License-Identifier: MIT-0
 *
 * dlmalloc's functions for the process's heap.
 */
#include "dl/dl.h"

#include "api/stats.h"

#if STRATA_DLMALLOC && !STRATA_DL_ONLY_MSPACES

/* ---- allocate and free ---- */

STRATA_EXPORT void *dlmalloc(size_t bytes) { return strata_malloc(bytes); }
STRATA_EXPORT void dlfree(void *mem)
{
    if (ST_DL_FINDS_OWNER) {
        st_dl_free_found(mem);
    } else {
        strata_free(mem);
    }
}

STRATA_EXPORT void *dlcalloc(size_t n_elements, size_t element_size)
{
    return strata_calloc(n_elements, element_size);
}

STRATA_EXPORT void *dlrealloc(void *mem, size_t bytes)
{
    if (ST_DL_REALLOC_FREES && bytes == 0 && mem != NULL) {
        dlfree(mem);
        return NULL;
    }
    return ST_DL_FINDS_OWNER && mem != NULL ? st_dl_realloc_found(mem, bytes) : strata_realloc(mem, bytes);
}

STRATA_EXPORT void *dlrealloc_in_place(void *mem, size_t bytes)
{
    return strata_realloc_in_place(mem, bytes);
}

STRATA_EXPORT void *dlmemalign(size_t alignment, size_t bytes)
{
    return strata_memalign(alignment, bytes);
}

STRATA_EXPORT int dlposix_memalign(void **result, size_t alignment, size_t bytes)
{
    return strata_posix_memalign(result, alignment, bytes);
}

STRATA_EXPORT void *dlvalloc(size_t bytes) { return strata_valloc(bytes); }
STRATA_EXPORT void *dlpvalloc(size_t bytes) { return strata_pvalloc(bytes); }

/* ---- many at once ---- */

STRATA_EXPORT void **dlindependent_calloc(size_t n_elements, size_t element_size, void **chunks)
{
    return strata_heap_calloc_together(NULL, n_elements, element_size, chunks);
}

STRATA_EXPORT void **dlindependent_comalloc(size_t n_elements, size_t *sizes, void **chunks)
{
    return strata_heap_malloc_together(NULL, n_elements, sizes, chunks);
}

STRATA_EXPORT size_t dlbulk_free(void **array, size_t n_elements)
{
    return strata_free_batch(array, n_elements);
}

/* ---- memory from the host ---- */

STRATA_EXPORT int dlmallopt(int parameter, int value) { return st_dl_set_option(parameter, value); }
STRATA_EXPORT int dlmalloc_trim(size_t pad) { return strata_trim(pad); }
STRATA_EXPORT size_t dlmalloc_footprint(void) { return strata_footprint(); }
STRATA_EXPORT size_t dlmalloc_max_footprint(void) { return strata_footprint_peak(); }
STRATA_EXPORT size_t dlmalloc_footprint_limit(void) { return strata_heap_footprint_limit(NULL); }

STRATA_EXPORT size_t dlmalloc_set_footprint_limit(size_t bytes)
{
    return strata_heap_set_footprint_limit(NULL, bytes);
}

/* ---- look inside ---- */

STRATA_EXPORT size_t dlmalloc_usable_size(const void *mem) { return strata_usable_size(mem); }

#if ST_DL_MALLINFO
STRATA_EXPORT dlmallinfo_t dlmallinfo(void)
{
    strata_stats stats;
    strata_stats_get(&stats);
    return st_dl_info(&stats);
}
#endif

#if ST_DL_MALLOC_STATS
STRATA_EXPORT void dlmalloc_stats(void)
{
    strata_stats stats;
    strata_stats_get(&stats);
    st_dl_print(&stats);
}
#endif

STRATA_EXPORT void dlmalloc_inspect_all(void (*handler)(void *start, void *end, size_t used_bytes,
                                                        void *argument),
                                        void *argument)
{
    st_dl_inspector inspector = {handler, argument};
    st_stats_walk_process(st_dl_inspect, &inspector);
}

#endif
