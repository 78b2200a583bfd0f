/* SPDX-License-Identifier: MIT-0
 *
 * Making heaps, and ending them.
 */
#include "heaps/heap_block.h"
#include "heaps/heaps.h"
#include "map/footprint.h"

#if STRATA_HEAPS

/* On less of the caller's memory than this a heap does without quick lists, which take 256 bytes. */
#define MAKE_QUICK_BASE_MIN (128 * ST_KIB)

/* ---- what is asked for ---- */

/* The units in which a heap may grow. */
#define MAKE_UNIT_MAX ((size_t)1 << 30)

static bool make_is_unit(size_t size)
{
    return size == 0 || (st_is_power_of_two(size) && size >= ST_GRANULE && size <= MAKE_UNIT_MAX);
}

static bool make_is_contradiction(const strata_heap_config *config)
{
    size_t end;
    for (size_t i = 0; i < sizeof config->spare / sizeof config->spare[0]; i++)
        if (config->spare[i] != 0) return true;
    if (!make_is_unit(config->granularity)) return true;
    if (config->pages != NULL && (config->is_fixed || config->pages->take == NULL)) return true;
    if (config->base == NULL) return config->base_size != 0 || config->is_fixed;
    return st_add_overflows(st_addr(config->base), config->base_size, &end);
}

/* The limit that `size` bytes mean: whole granules. */
static size_t make_limit(size_t size)
{
    size_t up;
    if (st_add_overflows(size, ST_GRANULE - 1, &up)) return SIZE_MAX;
    return st_round_down(up, ST_GRANULE);
}

/* ---- sources ---- */

static void *make_take_nothing(void *context, size_t size)
{
    (void)context;
    (void)size;
    return NULL;
}

/* Of heaps that never get more than they have. */
static const st_source make_no_source = {.take = make_take_nothing};

static void make_source(st_source *source, const strata_pages *pages)
{
    source->take = pages->take;
    source->give = pages->give;
    source->context = pages->context;
    source->is_zero = pages->is_zero != 0;
}

/* ---- the record ---- */

static uint32_t make_trim_pages(size_t threshold)
{
    if (threshold == SIZE_MAX) return UINT32_MAX;
    size_t pages = threshold / HEAP_TRIM_UNIT + (threshold % HEAP_TRIM_UNIT != 0);
    return (uint32_t)st_min(pages, UINT32_MAX - 1);
}

static uint8_t make_shift(size_t unit) { return (uint8_t)st_lowest_bit((uint32_t)unit); }

/* A record that will be moved to where the heap lies. */
static ST_COLD void make_draft(strata_heap *draft, const strata_heap_config *config, uint32_t number)
{
    for (size_t i = 0; config->name != NULL && i < ST_HEAP_NAME_MAX && config->name[i] != '\0'; i++)
        draft->name[i] = config->name[i];
    draft->tag = config->tag;
    draft->has_one_thread = config->has_one_thread != 0;
    draft->erases_freed = config->erases_freed != 0;
    draft->trim_pages = make_trim_pages(config->trim_threshold);
    st_space *space = &draft->space;
    space->keeps_pages = draft->trim_pages != 0;
    if (config->granularity != 0) space->unit_shift = make_shift(config->granularity);
    space->has_no_quick = config->base != NULL && config->base_size < MAKE_QUICK_BASE_MIN;
    if (config->is_fixed) space->source = &make_no_source;
    if (config->pages != NULL) {
        make_source(&draft->source, config->pages);
        space->source = &draft->source;
    }
    st_space_init_apart(space, number, heap_object_secret(number));
    if (config->limit != 0) space->limit = make_limit(config->limit);
}

static size_t make_lead(const strata_heap *draft)
{
    return draft->space.has_no_quick ? ST_HEAP_SHORT_LEAD : ST_HEAP_LEAD;
}

/* Begins the heap on the caller's memory, as much of it as whole grains are. */
static ST_COLD bool make_on_base(strata_heap *draft, void *base, size_t size)
{
    size_t skipped = st_round_up(st_addr(base), ST_CHUNK_GRAIN) - st_addr(base);
    size = st_round_down(size - st_min(skipped, size), ST_CHUNK_GRAIN);
    if (size < st_space_base_min(make_lead(draft))) return false;
    draft->base_size = size;
    st_space_begin_on(&draft->space, make_lead(draft), st_at(base, skipped), size);
    return true;
}

/* The lock is held because a source may ask who we are; nobody else knows of the heap. */
static ST_COLD bool make_begin(strata_heap *draft, const strata_heap_config *config) ST_NO_LOCK_ANALYSIS
{
    if (config->base != NULL) return make_on_base(draft, config->base, config->base_size);
    st_lock_take(&draft->space.lock);
    bool done = st_space_begin(&draft->space, make_lead(draft), config->reserve);
    st_lock_drop(&draft->space.lock);
    return done;
}

/* Moves the draft to the first bytes of its first segment. */
static ST_COLD strata_heap *make_settle(const strata_heap *draft)
{
    strata_heap *heap = (strata_heap *)(void *)draft->space.segments->base;
    st_copy(heap, draft, draft->space.has_no_quick ? ST_HEAP_SHORT_SIZE : sizeof *draft);
    if (draft->space.source == &draft->source) heap->space.source = &heap->source;
    return heap;
}

STRATA_EXPORT ST_COLD strata_heap *strata_heap_create(const strata_heap_config *config)
{
    static const strata_heap_config usual;
    uint32_t number;
    strata_heap draft;
    if (config == NULL) config = &usual;
    if (make_is_contradiction(config)) return st_heap_block_fail(st_os_code_bad_argument());
    if (!st_heaps_take_number(&number)) return st_heap_block_fail(st_os_code_no_memory());
    st_heap_fill_zero(&draft, sizeof draft);
    make_draft(&draft, config, number);
    if (!make_begin(&draft, config)) {
        st_heaps_give_number(number);
        return st_heap_block_fail(st_os_code_no_memory());
    }
    strata_heap *heap = make_settle(&draft);
    st_heaps_add(heap, heap->base_size);
    return heap;
}

/* ---- the end ---- */

static int make_erase_block(void *context, const st_segment *segment, const st_chunk *chunk, size_t size,
                            st_chunk_kind kind)
{
    (void)context;
    (void)segment;
    if (kind == st_chunk_used) st_heap_fill_zero(chunk_mem(chunk), size - ST_CHUNK_OVERHEAD);
    return 0;
}

/* Before all blocks are freed at once. */
static void make_erase(const strata_heap *heap)
{
    if (heap->erases_freed) st_space_walk(&heap->space, make_erase_block, NULL);
}

/* The record goes with the first segment, so what is needed of it is copied. */
STRATA_EXPORT ST_COLD size_t strata_heap_destroy(strata_heap *heap) ST_NO_LOCK_ANALYSIS
{
    strata_heap gone;
    if (heap == NULL || !st_heaps_remove(heap)) return 0;
    make_erase(heap);
    st_copy(&gone, heap, ST_HEAP_SHORT_SIZE);
    if (gone.space.source == &heap->source) gone.space.source = &gone.source;
    st_lock_take(&gone.space.lock);
    size_t size = st_space_end(&gone.space);
    st_lock_drop(&gone.space.lock);
    st_heaps_give_number(st_owner_idx_of(gone.space.owner));
    return size;
}

STRATA_EXPORT ST_COLD void strata_heap_reset(strata_heap *heap) ST_NO_LOCK_ANALYSIS
{
    st_heap_enter(heap);
    make_erase(heap);
    st_space_reset(&heap->space);
    st_heap_leave(heap);
}

/* ---- footprint: NULL is the process's heap ---- */

STRATA_EXPORT size_t strata_heap_footprint(const strata_heap *heap)
{
    if (heap == NULL) return st_footprint_now();
    return st_load_shared(&heap->space.footprint);
}

STRATA_EXPORT size_t strata_heap_footprint_peak(const strata_heap *heap)
{
    if (heap == NULL) return st_footprint_peak();
    return st_load_shared(&heap->space.footprint_peak);
}

STRATA_EXPORT size_t strata_heap_footprint_limit(const strata_heap *heap)
{
    if (heap == NULL) return st_footprint_limit();
    return st_load_shared(&heap->space.limit);
}

STRATA_EXPORT size_t strata_heap_set_footprint_limit(strata_heap *heap, size_t size)
{
    size_t limit = make_limit(size);
    if (heap == NULL) {
        st_footprint_set_limit(limit);
        return limit;
    }
    st_lock_take(&heap->space.lock);
    st_store_shared(&heap->space.limit, limit);
    st_lock_drop(&heap->space.lock);
    return limit;
}

/* ---- the record ---- */

STRATA_EXPORT const char *strata_heap_name(const strata_heap *heap) { return heap->name; }
STRATA_EXPORT size_t strata_heap_tag(const strata_heap *heap) { return heap->tag; }

STRATA_EXPORT ST_COLD void strata_heap_config_get(const strata_heap *heap, strata_heap_config *config,
                                                  strata_pages *pages)
{
    const st_space *space = &heap->space;
    size_t limit = strata_heap_footprint_limit(heap);
    size_t threshold = heap->trim_pages * HEAP_TRIM_UNIT;
    *config = (strata_heap_config){.name = heap->name, .tag = heap->tag};
    config->base_size = heap->base_size;
    if (heap->base_size != 0) config->base = (void *)(uintptr_t)st_addr(heap); /* its record lies first */
    config->limit = limit == SIZE_MAX ? 0 : limit;
    config->is_fixed = space->source == &make_no_source;
    config->granularity = space->unit_shift != 0 ? (size_t)1 << space->unit_shift : 0;
    config->trim_threshold = heap->trim_pages == UINT32_MAX ? SIZE_MAX : threshold;
    config->has_one_thread = heap->has_one_thread;
    config->erases_freed = heap->erases_freed;
    if (space->source != &heap->source || pages == NULL) return;
    config->pages = pages;
    *pages = (strata_pages){heap->source.take, heap->source.give, heap->source.context, heap->source.is_zero};
}

#endif
