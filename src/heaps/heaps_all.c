/* SPDX-License-Identifier: MIT-0
 *
 * All heaps at once: what the process's checks, walks, statistics and forks have of them. test/unit/
 * unit_heaps_all.c proves it.
 */
#include "api/stats.h"
#include "heaps/heaps.h"

#if STRATA_HEAPS

/* ---- check and walk ---- */

ST_COLD int st_heaps_check(const char **first) ST_NO_LOCK_ANALYSIS
{
    int broken = 0;
    uint32_t number = 0;
    for (strata_heap *heap; (heap = st_heaps_hold_next(&number)) != NULL; st_heaps_let_go(heap)) {
        if (!heap->has_one_thread) broken += st_space_check(&heap->space, broken == 0 ? first : NULL);
    }
    return broken;
}

ST_COLD int st_heaps_walk(int (*visit)(void *context, const strata_region *region), void *context)
    ST_NO_LOCK_ANALYSIS
{
    int result = 0;
    uint32_t number = 0;
    for (strata_heap *heap; result == 0 && (heap = st_heaps_hold_next(&number)) != NULL;
         st_heaps_let_go(heap)) {
        if (!heap->has_one_thread && !heap->is_shadow)
            result = st_stats_walk_space(&heap->space, heap, visit, context);
    }
    return result;
}

/* ---- statistics ---- */

static void all_add(st_text *text, const char *words, size_t value)
{
    st_text_add(text, words);
    st_text_add_size(text, value);
}

/* What is told of a heap: written when nothing is locked, as that may take a while. */
typedef struct all_line {
    char name[ST_HEAP_NAME_MAX + 1];
    size_t tag;
    bool has_live; /* what a heap of one thread has in use only that thread may ask */
    strata_stats stats;
} all_line;

static void all_look(all_line *line, const strata_heap *heap) ST_REQUIRES(heap->space.lock)
{
    *line = (all_line){.tag = heap->tag, .has_live = !heap->has_one_thread};
    st_copy(line->name, heap->name, sizeof line->name);
    if (line->has_live) st_stats_count_space(&line->stats, &heap->space);
    line->stats.footprint = strata_heap_footprint(heap);
    line->stats.footprint_peak = strata_heap_footprint_peak(heap);
    line->stats.footprint_limit = strata_heap_footprint_limit(heap);
}

static void all_describe(st_text *text, const all_line *line)
{
    st_text_add(text, "  heap              ");
    st_text_add(text, line->name[0] != '\0' ? line->name : "(no name)");
    all_add(text, ": tag ", line->tag);
    if (line->has_live) all_add(text, ", live ", line->stats.live);
    all_add(text, ", footprint ", line->stats.footprint);
    all_add(text, ", peak ", line->stats.footprint_peak);
    if (line->stats.footprint_limit != SIZE_MAX) all_add(text, ", cap ", line->stats.footprint_limit);
    st_text_add(text, "\n");
}

ST_COLD void st_heaps_describe(st_text *text) ST_NO_LOCK_ANALYSIS
{
    uint32_t number = 0;
    for (strata_heap *heap; (heap = st_heaps_hold_next(&number)) != NULL;) {
        all_line line;
        bool is_told = !heap->is_shadow;
        if (is_told) all_look(&line, heap);
        st_heaps_let_go(heap);
        if (is_told) all_describe(text, &line);
    }
}

ST_COLD size_t st_heaps_total(size_t *footprint) ST_NO_LOCK_ANALYSIS
{
    size_t count = 0;
    uint32_t number = 0;
    for (strata_heap *heap; (heap = st_heaps_hold_next(&number)) != NULL; st_heaps_let_go(heap)) {
        if (heap->is_shadow) continue;
        count++;
        *footprint += strata_heap_footprint(heap);
    }
    return count;
}

#endif
