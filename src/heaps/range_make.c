/* SPDX-License-Identifier: MIT-0
 *
 * Making ranges, and ending them: where the shadow lies, and what of it is committed.
 */
#include "heaps/heap_block.h"
#include "heaps/heaps.h"
#include "heaps/range.h"

#if STRATA_HEAPS

#define RANGE_GRAIN_MIN ((size_t)64)
#define RANGE_GRAIN_MAX (2 * ST_MIB)
#define RANGE_GRAIN_USUAL ((size_t)256)
/* The shadow is committed in steps of this, or of an eighth of what is. */
#define RANGE_STEP_MIN (64 * ST_KIB)
#define RANGE_STEP_SHARE 8
/* No less of it is given back before the range ends. */
#define RANGE_SPARE_MIN (4 * RANGE_STEP_MIN)

/* ---- the shadow's memory ---- */

/* Where in the map the first page is that is committed. */
static size_t range_start(const strata_range *range)
{
    return st_round_down(st_distance(range->map, range_record(range)), st_os_page_size());
}

bool st_range_commit(strata_range *range, const char *end)
{
    if (end <= range->committed || range->committed == range->tail) return true;
    size_t left = st_distance(range->committed, range->tail);
    size_t need = st_min(st_round_up(st_distance(range->committed, end), st_os_page_size()), left);
    size_t share = st_distance(range_record(range), end) / RANGE_STEP_SHARE;
    size_t step = st_max(need, st_round_up(st_max(RANGE_STEP_MIN, share), st_os_page_size()));
    step = st_min(step, left);
    if (!st_os_commit(range->committed, step)) {
        if (step == need || !st_os_commit(range->committed, need)) return false;
        step = need;
    }
    range->committed += step;
    return true;
}

/* All but one step. The next time it must be half of what is committed, and some steps: so that what comes and
 * goes costs no call of the host each time. */
void st_range_decommit(strata_range *range)
{
    const char *rest = st_at(range->shadow.space.top, ST_CHUNK_HEADER + RANGE_STEP_MIN);
    size_t kept = st_round_up(st_distance(range->map, rest), st_os_page_size());
    size_t committed = st_distance(range->map, range->committed);
    size_t spare = st_max(RANGE_SPARE_MIN, (committed - range_start(range)) / 2);
    if (committed > kept && committed - kept > spare && st_os_decommit(range->map + kept, committed - kept)) {
        range->committed = range->map + kept;
        spare = RANGE_SPARE_MIN;
    }
    range->spare = spare + 2 * RANGE_STEP_MIN;
}

/* ---- create ---- */

static void *range_take_nothing(void *context, size_t size)
{
    (void)context;
    (void)size;
    return NULL;
}

static const st_source range_no_source = {.take = range_take_nothing};

/* What of the caller's range is whole grains. False if that is not one smallest block. */
static ST_COLD bool range_set_bounds(strata_range *range, void *base, size_t size, size_t grain)
{
    size_t skipped = ((size_t)0 - st_addr(base)) & (grain - 1);
    range->shift = st_lowest_bit((uint32_t)grain);
    range->base = st_at(base, skipped);
    range->size = st_round_down(size - st_min(skipped, size), grain);
    if (range->size / grain > ST_REQUEST_MAX / ST_CHUNK_GRAIN / 4) return false;
    return range_shadow_size(range, range->size) >= ST_CHUNK_MIN;
}

/* Reserves the shadow, where its alignments are those of the range. */
static ST_COLD bool range_reserve(strata_range *range)
{
    size_t page_size = st_os_page_size();
    size_t size = range_shadow_size(range, range->size);
    size_t lead = RANGE_LEAD + ST_SEGMENT_HEADER + ST_CHUNK_HEADER;
    range->turn = st_power_of_two_from(size);
    size_t whole = lead + range->turn + size + ST_CHUNK_MIN + ST_FENCE_SIZE;
    range->map_size = st_round_up(whole, page_size);
    range->map = st_os_reserve(range->map_size, page_size);
    if (range->map == NULL) return false;
    size_t wanted = (st_addr(range->base) >> range->shift) * ST_CHUNK_GRAIN;
    range->first = st_at(range->map, lead);
    range->first += (wanted - st_addr(range->first)) & (range->turn - 1);
    return true;
}

/* Commits the pages of the fence, and of the first chunk. */
static ST_COLD bool range_commit_first(strata_range *range) ST_NO_LOCK_ANALYSIS
{
    size_t page_size = st_os_page_size();
    size_t size = range_shadow_size(range, range->size);
    size_t fence = st_distance(range->map, range->first) + size + ST_CHUNK_MIN - ST_CHUNK_HEADER;
    size_t end = st_round_up(fence + ST_FENCE_SIZE, page_size);
    size_t start = range_start(range);
    size_t tail = st_max(st_round_down(fence, page_size), start);
    range->committed = range->map + start;
    range->tail = range->map + tail;
    if (!st_os_commit(range->tail, end - tail)) return false;
    return st_range_commit(range, range->first + ST_CHUNK_HEADER);
}

static void range_set_name(strata_range *range, const char *name)
{
    for (size_t i = 0; name != NULL && i < ST_HEAP_NAME_MAX && name[i] != '\0'; i++)
        range->shadow.name[i] = name[i];
}

/* Without quick lists: what is free is merged, so that a request fails only if there is no room. */
static void range_begin_shadow(strata_range *range, uint32_t number)
{
    st_space *space = &range->shadow.space;
    range->shadow.is_shadow = space->has_no_quick = true;
    space->source = &range_no_source;
    st_space_init_apart(space, number, heap_object_secret(number));
    size_t size = range_shadow_size(range, range->size);
    size_t whole = RANGE_LEAD + ST_SEGMENT_HEADER + size + ST_CHUNK_MIN + ST_FENCE_SIZE;
    st_space_begin_on(space, RANGE_LEAD, range_record(range), whole);
}

/* Address space that the host can't take back (out of mappings) has no memory at least. */
static void range_release(const strata_range *gone)
{
    if (st_os_release(gone->map, gone->map_size)) return;
    char *start = st_at(gone->map, range_start(gone));
    if (start < gone->committed) st_os_decommit(start, st_distance(start, gone->committed));
}

static ST_COLD strata_range *range_make(strata_range *draft, uint32_t number)
{
    if (!range_reserve(draft)) return NULL;
    if (!range_commit_first(draft)) {
        range_release(draft);
        return NULL;
    }
    strata_range *range = range_record(draft);
    range_begin_shadow(draft, number);
    st_copy(range, draft, sizeof *range);
    st_heaps_add(&range->shadow, 0);
    return range;
}

static bool range_is_wrong(const void *base, size_t size, size_t grain)
{
    size_t end;
    if (!st_is_power_of_two(grain) || grain < RANGE_GRAIN_MIN || grain > RANGE_GRAIN_MAX) return true;
    return base == NULL || st_add_overflows(st_addr(base), size, &end);
}

STRATA_EXPORT ST_COLD strata_range *strata_range_create(void *base, size_t size, size_t grain,
                                                        const char *name)
{
    uint32_t number;
    strata_range draft;
    if (grain == 0) grain = RANGE_GRAIN_USUAL;
    if (range_is_wrong(base, size, grain)) return st_heap_block_fail(st_os_code_bad_argument());
    st_heap_fill_zero(&draft, sizeof draft);
    range_set_name(&draft, name);
    if (!range_set_bounds(&draft, base, size, grain) || !st_heaps_take_number(&number))
        return st_heap_block_fail(st_os_code_no_memory());
    strata_range *range = range_make(&draft, number);
    if (range != NULL) return range;
    st_heaps_give_number(number);
    return st_heap_block_fail(st_os_code_no_memory());
}

STRATA_EXPORT ST_COLD void strata_range_destroy(strata_range *range)
{
    strata_range gone;
    if (range == NULL || !st_heaps_remove(&range->shadow)) return;
    st_copy(&gone, range, sizeof gone);
    range_release(&gone);
    st_heaps_give_number(st_owner_idx_of(gone.shadow.space.owner));
}

#endif
