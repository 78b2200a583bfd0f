/* SPDX-License-Identifier: MIT-0
 *
 * The invariants of slabs: INV-SLAB-1 to -4.
 */
#include "slab/slab.h"

#if STRATA_SLABS

/* What a look at one slab says of each invariant. */
typedef struct slab_findings {
    st_depot *depot;
    size_t live;
    bool count_holds, bits_hold, list_holds, pages_hold;
} slab_findings;

/* The bits of a word that stand for blocks below `fresh`. */
static uint64_t prove_known_bits(unsigned word_idx, unsigned fresh)
{
    unsigned first = word_idx * 64;
    if (fresh <= first) return 0;
    return fresh - first >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << (fresh - first)) - 1;
}

static ST_COLD bool prove_is_in(uint32_t at, uint32_t idx)
{
    for (uint32_t steps = 0; at != 0 && steps < ST_SLICES_MAX; steps++) {
        if (at == idx) return true;
        at = ((const st_slab *)st_slices_note(at))->next;
    }
    return false;
}

static ST_COLD int prove_one(void *context, uint32_t idx)
{
    slab_findings *found = context;
    st_owner word = st_slices_word(idx);
    size_t class_idx = st_slab_class_of(word);
    if (class_idx == 0 || st_slab_depot_of(word) != found->depot->number) return 0;
    st_slab *slab = st_slices_note(idx);
    unsigned free_count = st_slab_block_count(class_idx) - slab->fresh;
    for (unsigned word_idx = 0; word_idx * 64 < slab->fresh; word_idx++) {
        uint64_t bits = *st_slab_bits(slab, idx, word_idx);
        if ((bits & ~prove_known_bits(word_idx, slab->fresh)) != 0) found->bits_hold = false;
        if (bits != 0 && word_idx < slab->word_hint) found->bits_hold = false;
        for (; bits != 0; bits &= bits - 1) free_count++;
    }
    if (free_count != slab->free_count) found->count_holds = false;
    bool is_partial = prove_is_in(found->depot->partial[class_idx], idx);
    bool is_sparse = prove_is_in(found->depot->sparse[class_idx], idx);
    unsigned list = is_partial ? st_slab_list_partial : is_sparse ? st_slab_list_sparse : st_slab_list_none;
    if (slab->list != list || (is_partial && is_sparse)) found->list_holds = false;
    if ((list != st_slab_list_none) != (slab->free_count != 0)) found->list_holds = false;
    if (!st_slab_is_clean(idx)) found->pages_hold = false;
    found->live += (st_slab_block_count(class_idx) - slab->free_count) * class_idx * ST_SLAB_GRAIN;
    return 0;
}

ST_COLD int st_slab_check(st_depot *depot, const char **first)
{
    slab_findings found = {depot, 0, true, true, true, true};
    st_slab_walk(prove_one, &found);
    int broken = st_count_broken(found.count_holds, "INV-SLAB-1", first, 0);
    broken = st_count_broken(found.bits_hold, "INV-SLAB-2", first, broken);
    broken = st_count_broken(found.list_holds, "INV-SLAB-3", first, broken);
    broken = st_count_broken(found.pages_hold, "INV-SLAB-4", first, broken);
    /* Wrong counts don't add up. */
    bool counts_hold = found.count_holds && found.bits_hold;
    return st_count_broken(!counts_hold || found.live == depot->live, "INV-SLAB-5", first, broken);
}

#endif
