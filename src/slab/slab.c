/* SPDX-License-Identifier: MIT-0
 *
 * Taking blocks out of slabs and putting them back.
 */
#include "slab/slab.h"

#include "map/room.h"

#if STRATA_SLABS

/* Lacks of a class are counted so far, and made up for by larger blocks as often. */
enum { slab_lacks_max = 8 };

ST_DEFINE_DATA uint8_t st_slab_lacks_elsewhere;

static st_slab *slab_at(uint32_t idx) { return st_slices_note(idx); }

/* ---- numbers ---- */

/* ceil(2^32 / size): multiplied by an offset below 2^16 and shifted down by 32 it gives exactly the
 * offset divided by the size, as the error, below 2^16 * size / 2^32, is too small to reach the
 * next multiple. */
#define SLAB_RECIPROCAL(grains) ((uint32_t)((((uint64_t)1 << 32) + (grains) * 16 - 1) / ((grains) * 16)))
#define SLAB_RECIPROCALS(first)                                                                \
    SLAB_RECIPROCAL(first), SLAB_RECIPROCAL((first) + 1), SLAB_RECIPROCAL((first) + 2),        \
        SLAB_RECIPROCAL((first) + 3), SLAB_RECIPROCAL((first) + 4), SLAB_RECIPROCAL((first) + 5), \
        SLAB_RECIPROCAL((first) + 6), SLAB_RECIPROCAL((first) + 7)

static const uint32_t slab_reciprocal[ST_SLAB_CLASSES + 1] = {
    0,
    SLAB_RECIPROCALS(1),  SLAB_RECIPROCALS(9),  SLAB_RECIPROCALS(17), SLAB_RECIPROCALS(25),
    SLAB_RECIPROCALS(33), SLAB_RECIPROCALS(41), SLAB_RECIPROCALS(49), SLAB_RECIPROCALS(57)};
#undef SLAB_RECIPROCAL
#undef SLAB_RECIPROCALS

/* 2^16 divided by the size, exactly, for the same reason. */
uint32_t st_slab_block_count(size_t class_idx) { return slab_reciprocal[class_idx] >> 16; }

/* ---- the lists ---- */

static uint32_t *slab_first(st_depot *depot, size_t class_idx, unsigned list)
{
    return &(list == st_slab_list_partial ? depot->partial : depot->sparse)[class_idx];
}

ST_COLD void st_slab_unlink(st_depot *depot, uint32_t idx, size_t class_idx)
{
    st_slab *slab = slab_at(idx);
    uint32_t *first = slab_first(depot, class_idx, slab->list);
    bool is_first = *first == idx;
    if (is_first) {
        *first = slab->next;
    } else {
        slab_at(slab->prev)->next = slab->next;
    }
    if (slab->next != 0) {
        slab_at(slab->next)->prev = slab->prev;
    } else if (!is_first) {
        slab_at(*first)->prev = slab->prev;
    }
    slab->list = st_slab_list_none;
}

ST_COLD void st_slab_push(st_depot *depot, uint32_t idx, size_t class_idx, st_slab_list list)
{
    st_slab *slab = slab_at(idx);
    uint32_t *first = slab_first(depot, class_idx, list);
    slab->next = *first;
    slab->prev = idx;
    if (*first != 0) {
        slab->prev = slab_at(*first)->prev;
        slab_at(*first)->prev = idx;
    }
    *first = idx;
    slab->list = (uint8_t)list;
}

/* ---- take ---- */

/* The slab to take from: one with clean pages only if no other has a block; 0 if none has. */
ST_ALWAYS_INLINE uint32_t slab_next_to_take(st_depot *depot, size_t class_idx)
{
    uint32_t idx = *slab_first(depot, class_idx, st_slab_list_partial);
    return ST_LIKELY(idx != 0) ? idx : *slab_first(depot, class_idx, st_slab_list_sparse);
}

/* A slab with nothing but fresh blocks: its bits need not be cleared, as they are looked at only
 * below `fresh`. */
static ST_COLD uint32_t slab_start(st_depot *depot, size_t class_idx) ST_REQUIRES(depot->lock)
{
    uint32_t idx = st_slices_take(depot->number << 8 | (uint32_t)class_idx);
    if (idx == 0) return 0;
    st_slab *slab = slab_at(idx);
    slab->free_count = (uint16_t)st_slab_block_count(class_idx);
    slab->clean = 0;
    slab->fresh = 0;
    slab->word_hint = 0;
    st_slab_push(depot, idx, class_idx, st_slab_list_partial);
    return idx;
}

/* The class to take from when no slab of this one has blocks. The first few times, the next larger one
 * that has, if it wastes no more than a resize leaves in place, and its blocks are aligned to as much:
 * so a class of which few blocks are asked for needs no slab. Else the class itself; or 0: none, in a thread
 * that is not the first and has hardly ever asked for the class: see st_slab_lacks_elsewhere. */
static ST_COLD size_t slab_stand_in(st_depot *depot, size_t class_idx)
{
    if (depot->lacks[class_idx] == slab_lacks_max) return class_idx;
    depot->lacks[class_idx]++;
    size_t step = class_idx & (~class_idx + 1);
    size_t most = st_min(class_idx + class_idx / 3, ST_SLAB_CLASSES);
    for (size_t other = class_idx + step; other <= most; other += step)
        if (slab_next_to_take(depot, other) != 0) return other;
    bool is_elsewhere = depot->number > 1 && depot->lacks[class_idx] <= st_slab_lacks_elsewhere;
    return is_elsewhere ? 0 : class_idx;
}

/* Blocks that were handed out before, lowest first. */
static size_t slab_take_used(uint32_t idx, size_t size, void **blocks, size_t count)
{
    st_slab *slab = slab_at(idx);
    char *base = st_slices_base(idx);
    unsigned word_count = (slab->fresh + 63u) / 64;
    unsigned word_idx = slab->word_hint;
    size_t taken = 0;
    for (; word_idx < word_count; word_idx++) {
        uint64_t *place = st_slab_bits(slab, idx, word_idx);
        uint64_t bits = *place;
        for (; bits != 0 && taken < count; bits &= bits - 1)
            blocks[taken++] = base + (word_idx * 64 + st_lowest_bit64(bits)) * size;
        *place = bits;
        if (bits != 0) break;
    }
    slab->word_hint = (uint8_t)word_idx;
    return taken;
}

/* Blocks that were not: where a word of bits begins with one of them, it is cleared. */
static size_t slab_take_fresh(uint32_t idx, size_t size, void **blocks, size_t count)
{
    st_slab *slab = slab_at(idx);
    char *base = st_slices_base(idx);
    size_t fresh = slab->fresh;
    size_t taken = 0;
    size_t block_count = st_slab_block_count(size / ST_SLAB_GRAIN);
    for (; taken < count && fresh < block_count; fresh++) {
        if (fresh % 64 == 0) *st_slab_bits(slab, idx, (unsigned)fresh / 64) = 0;
        blocks[taken++] = base + fresh * size;
    }
    slab->fresh = (uint16_t)fresh;
    return taken;
}

/* 1. From slabs that have blocks to be had, first the one that last came to have any: its memory is
 *    warm, and others may empty meanwhile.
 * 2. If there was none, one block that stands in, or all from a new slab. */
size_t st_slab_take(st_depot *depot, size_t class_idx, void **blocks, size_t count)
{
    size_t size = class_idx * ST_SLAB_GRAIN;
    size_t taken = 0;
    while (taken < count) {
        uint32_t idx = slab_next_to_take(depot, class_idx);
        if (ST_UNLIKELY(idx == 0)) {
            if (taken != 0) break;
            size_t stand_in = slab_stand_in(depot, class_idx);
            if (stand_in == 0) break;
            if (stand_in != class_idx) return st_slab_take(depot, stand_in, blocks, 1);
            idx = slab_start(depot, class_idx);
            if (idx == 0) break;
        }
        st_slab *slab = slab_at(idx);
        size_t before = taken;
        taken += slab_take_used(idx, size, blocks + taken, count - taken);
        taken += slab_take_fresh(idx, size, blocks + taken, count - taken);
        slab->free_count = (uint16_t)(slab->free_count - (taken - before));
        if (ST_UNLIKELY(slab->clean != 0)) st_slab_soil(idx, blocks + before, taken - before);
        if (slab->free_count == 0) st_slab_unlink(depot, idx, class_idx);
    }
    depot->live += taken * size;
    return taken;
}

/* ---- put ---- */

/* The number of the block at `mem` in its slab; UINT32_MAX if no block begins there. */
static uint32_t slab_block_idx(const void *mem, size_t class_idx)
{
    uint32_t offset = (uint32_t)(st_addr(mem) & (ST_SLICE - 1));
    uint32_t block_idx = (uint32_t)((uint64_t)offset * slab_reciprocal[class_idx] >> 32);
    bool is_start = block_idx * (uint32_t)(class_idx * ST_SLAB_GRAIN) == offset;
    return ST_LIKELY(is_start) ? block_idx : UINT32_MAX;
}

bool st_slab_is_start(const void *mem, size_t class_idx)
{
    return slab_block_idx(mem, class_idx) != UINT32_MAX;
}

ST_COLD st_misuse_kind st_slab_fault(uint32_t idx, const void *mem)
{
    size_t class_idx = st_slab_class_of(st_slices_word(idx));
    if (class_idx == 0) return st_misuse_foreign;
    st_slab *slab = slab_at(idx);
    uint32_t block_idx = slab_block_idx(mem, class_idx);
    if (!st_is_aligned(mem, ST_SLAB_GRAIN)) return st_misuse_misaligned;
    if (block_idx == UINT32_MAX) return st_misuse_interior;
    if (block_idx >= slab->fresh) return st_misuse_foreign;
    uint64_t bits = *st_slab_bits(slab, idx, block_idx / 64);
    return (bits >> block_idx % 64 & 1) != 0 ? st_misuse_double_free : st_misuse_none;
}

ST_COLD void st_slab_give(st_depot *depot, uint32_t idx, size_t class_idx)
{
    unsigned clean_count = st_count_bits(slab_at(idx)->clean);
    st_slab_unlink(depot, idx, class_idx);
    if (ST_UNLIKELY(clean_count != 0)) st_room_count(clean_count * st_os_page_size());
    st_slices_give(idx);
}

/* The slab `idx` has been put into. An empty one stays if it is the only one to take from and its class
 * has lacked some: one that the thread has found there may be of a class which it never takes. */
static void slab_settle(st_depot *depot, uint32_t idx, size_t class_idx) ST_REQUIRES(depot->lock)
{
    st_slab *slab = slab_at(idx);
    if (slab->list == st_slab_list_none) st_slab_push(depot, idx, class_idx, st_slab_list_partial);
    if (slab->free_count < st_slab_block_count(class_idx)) {
        if (ST_UNLIKELY(slab->list == st_slab_list_sparse) && st_slab_has_pages(idx)) {
            st_slab_unlink(depot, idx, class_idx);
            st_slab_push(depot, idx, class_idx, st_slab_list_partial);
        }
        return;
    }
    bool is_alone = slab->next == 0 && slab->prev == idx;
    bool is_only_one = is_alone && depot->partial[class_idx] + depot->sparse[class_idx] == idx;
    if (is_only_one && depot->lacks[class_idx] != 0) return;
    st_slab_give(depot, idx, class_idx);
}

/* Sets the bit of a block in use; says what is wrong if there is none such. */
ST_ALWAYS_INLINE uint32_t slab_put_one(st_slab *slab, uint32_t idx, size_t class_idx, void *mem)
{
    uint32_t block_idx = slab_block_idx(mem, class_idx);
    uint64_t bit = (uint64_t)1 << block_idx % 64;
    uint64_t *place = NULL;
    if (ST_LIKELY(block_idx < slab->fresh)) place = st_slab_bits(slab, idx, block_idx / 64);
    if (ST_UNLIKELY(place == NULL || (*place & bit) != 0)) {
        st_misuse(st_slab_fault(idx, mem), mem);
        return 0;
    }
    *place |= bit;
    if (block_idx / 64 < slab->word_hint) slab->word_hint = (uint8_t)(block_idx / 64);
    return 1;
}

/* Blocks that follow each other often lie in one slab: what is known of it is kept meanwhile. A slab
 * that is no longer ours was given back when its last block in use came: this one came twice. */
void st_slab_put(st_depot *depot, void *const *blocks, size_t count)
{
    for (size_t i = 0; i < count;) {
        uintptr_t slice = st_addr(blocks[i]) / ST_SLICE;
        uint32_t idx = (uint32_t)st_slices_idx(blocks[i]);
        st_owner word = st_slices_word(idx);
        size_t class_idx = st_slab_class_of(word);
        if (ST_UNLIKELY(class_idx == 0 || st_slab_depot_of(word) != depot->number)) {
            st_misuse(st_misuse_double_free, blocks[i++]);
            continue;
        }
        st_slab *slab = slab_at(idx);
        uint32_t free_count = slab->free_count;
        for (; i < count && st_addr(blocks[i]) / ST_SLICE == slice; i++)
            free_count += slab_put_one(slab, idx, class_idx, blocks[i]);
        depot->live -= (free_count - slab->free_count) * class_idx * ST_SLAB_GRAIN;
        slab->free_count = (uint16_t)free_count;
        if (free_count != 0) slab_settle(depot, idx, class_idx);
    }
}

void st_slab_leave(st_depot *depot)
{
    for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++)
        depot->lacks[class_idx] = 0;
    st_slab_trim(depot);
}

static ST_COLD void slab_trim_list(st_depot *depot, size_t class_idx, st_slab_list list)
    ST_REQUIRES(depot->lock)
{
    uint32_t idx = *slab_first(depot, class_idx, list);
    while (idx != 0) {
        uint32_t next = slab_at(idx)->next;
        if (slab_at(idx)->free_count == st_slab_block_count(class_idx)) st_slab_give(depot, idx, class_idx);
        idx = next;
    }
}

void st_slab_trim(st_depot *depot)
{
    for (size_t class_idx = 1; class_idx <= ST_SLAB_CLASSES; class_idx++) {
        slab_trim_list(depot, class_idx, st_slab_list_partial);
        slab_trim_list(depot, class_idx, st_slab_list_sparse);
    }
}

/* ---- look inside ---- */

int st_slab_walk(int (*visit)(void *context, uint32_t idx), void *context)
{
    int result = 0;
    for (uint32_t idx = st_slices_next(0); idx != 0 && result == 0; idx = st_slices_next(idx))
        result = visit(context, idx);
    return result;
}

#endif
