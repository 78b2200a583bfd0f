/* SPDX-License-Identifier: MIT-0
 *
 * Giving back pages of slabs that are partly in use. A slab that has been looked through, and whose free
 * pages have all gone back, waits on the sparse list: it is looked at again only when another of its pages
 * has come to be free. So each page is given back once, and each slab looked through once for that.
 */
#include "slab/slab.h"

#include "map/room.h"

#if STRATA_SLABS

/* The blocks [first, end) that lie on the bytes [from, to) of a slab, even in part. */
typedef struct purge_blocks {
    size_t first, end;
} purge_blocks;

static purge_blocks purge_blocks_on(size_t class_idx, size_t from, size_t to)
{
    size_t size = class_idx * ST_SLAB_GRAIN;
    size_t count = st_slab_block_count(class_idx);
    return (purge_blocks){st_min(from / size, count), st_min((to + size - 1) / size, count)};
}

/* True if none of the blocks is taken. */
static bool purge_are_free(st_slab *slab, uint32_t idx, purge_blocks blocks)
{
    size_t end = st_min(blocks.end, slab->fresh);
    for (size_t at = blocks.first; at < end;) {
        size_t next = st_min(end, (at / 64 + 1) * 64);
        uint64_t mask = ~(uint64_t)0 >> (64 - (next - at)) << at % 64;
        if ((*st_slab_bits(slab, idx, (unsigned)(at / 64)) & mask) != mask) return false;
        at = next;
    }
    return true;
}

static ST_COLD bool purge_page_is_free(uint32_t idx, unsigned page)
{
    size_t page_size = st_os_page_size();
    size_t class_idx = st_slab_class_of(st_slices_word(idx));
    purge_blocks blocks = purge_blocks_on(class_idx, page * page_size, (page + 1) * page_size);
    return purge_are_free(st_slices_note(idx), idx, blocks);
}

bool st_slab_is_clean(uint32_t idx)
{
    const st_slab *slab = st_slices_note(idx);
    for (unsigned clean = slab->clean; clean != 0; clean &= clean - 1)
        if (!purge_page_is_free(idx, st_lowest_bit(clean))) return false;
    return true;
}

/* Bit i: page i of the slab could go back. One alone is not worth a call of the host. None can where a page
 * is not smaller than a slab. */
static ST_COLD unsigned purge_pages_of(uint32_t idx)
{
    st_slab *slab = st_slices_note(idx);
    size_t class_idx = st_slab_class_of(st_slices_word(idx));
    size_t page_size = st_os_page_size();
    unsigned found = 0;
    if (page_size >= ST_SLICE || slab->free_count * class_idx * ST_SLAB_GRAIN < page_size) return 0;
    for (unsigned page = 0; page * page_size < ST_SLICE; page++) {
        bool is_clean = (slab->clean >> page & 1) != 0;
        if (!is_clean && purge_page_is_free(idx, page)) found |= 1u << page;
    }
    unsigned all = found | slab->clean;
    return found & (all << 1 | all >> 1);
}

bool st_slab_has_pages(uint32_t idx) { return purge_pages_of(idx) != 0; }

/* Gives back the pages of the slab that can go; how many bytes those were. Neighbors go with one call. */
static size_t purge_slab(uint32_t idx)
{
    st_slab *slab = st_slices_note(idx);
    size_t page_size = st_os_page_size();
    size_t done = 0;
    unsigned pages = purge_pages_of(idx);
    while (pages != 0) {
        unsigned first = st_lowest_bit(pages);
        unsigned count = st_lowest_bit(~(pages >> first));
        unsigned mask = ((1u << count) - 1) << first;
        pages &= ~mask;
        if (!st_os_purge(st_slices_base(idx) + first * page_size, count * page_size)) continue;
        slab->clean = (uint16_t)(slab->clean | mask);
        done += count * page_size;
    }
    if (done != 0) st_room_give(done);
    return done;
}

/* The oldest slabs of a class first. One that is empty becomes a free slice, which may serve other classes and goes
 * back as a whole. */
static size_t purge_class(st_depot *depot, size_t class_idx, size_t size) ST_REQUIRES(depot->lock)
{
    size_t done = 0;
    while (done < size) {
        uint32_t first = depot->partial[class_idx];
        if (first == 0) break;
        uint32_t last = ((st_slab *)st_slices_note(first))->prev;
        if (((st_slab *)st_slices_note(last))->free_count == st_slab_block_count(class_idx)) {
            st_slab_give(depot, last, class_idx);
            continue;
        }
        done += purge_slab(last);
        st_slab_unlink(depot, last, class_idx);
        st_slab_push(depot, last, class_idx, st_slab_list_sparse);
    }
    return done;
}

ST_COLD size_t st_slab_purge(st_depot *depot, size_t size)
{
    size_t done = 0;
    for (unsigned tries = 0; tries < ST_SLAB_CLASSES && done < size; tries++) {
        depot->purge_class = (uint8_t)(depot->purge_class % ST_SLAB_CLASSES + 1);
        done += purge_class(depot, depot->purge_class, size - done);
    }
    return done;
}

void st_slab_soil(uint32_t idx, void *const *blocks, size_t count)
{
    st_slab *slab = st_slices_note(idx);
    size_t block_size = st_slab_class_of(st_slices_word(idx)) * ST_SLAB_GRAIN;
    size_t page_size = st_os_page_size();
    unsigned before = slab->clean;
    for (size_t i = 0; i < count; i++) {
        size_t at = st_addr(blocks[i]) & (ST_SLICE - 1);
        for (size_t page = at / page_size; page * page_size < at + block_size; page++)
            slab->clean = (uint16_t)(slab->clean & ~(1u << page));
    }
    unsigned soiled = st_count_bits(before) - st_count_bits(slab->clean);
    if (soiled != 0) st_room_take_from_all(soiled * page_size);
}

size_t st_slab_tell(st_depot *depot)
{
    size_t less = depot->told - st_min(depot->live, depot->told);
    st_room_use(depot->live - depot->told);
    depot->told = depot->live;
    return less;
}

#endif
