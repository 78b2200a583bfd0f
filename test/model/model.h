/* SPDX-License-Identifier: MIT-0
 *
 * The model: what an allocator owes its caller, slow and plainly. A list of blocks, sorted by
 * address, each filled with bytes of its own. Whatever the allocator does is told to the model,
 * which answers with NULL or with a sentence about what is wrong.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/base.h"

#define MODEL_BLOCKS_MAX 1024

typedef struct model_block {
    unsigned char *mem;
    size_t req;       /* bytes asked for */
    size_t usable;    /* bytes the allocator said may be used */
    size_t alignment; /* asked for */
    unsigned tag;     /* makes its bytes differ from those of other blocks */
} model_block;

typedef struct model {
    model_block block[MODEL_BLOCKS_MAX]; /* ascending by mem */
    size_t count;
    unsigned tags; /* given out so far */
} model;

/* ---- bytes ---- */

/* The byte at `at` of a block. */
ST_INLINE unsigned char model_byte(unsigned tag, size_t at)
{
    return (unsigned char)(tag * 37 + at * 11 + (at >> 8));
}

/* Of a large block only the two ends are looked at byte by byte: touching pages costs most. */
#define MODEL_END_SIZE ((size_t)4096)
#define MODEL_STRIDE ((size_t)16381)

ST_INLINE size_t model_next(size_t at, size_t size)
{
    if (at < MODEL_END_SIZE || size - at <= MODEL_END_SIZE + MODEL_STRIDE) return at + 1;
    return at + MODEL_STRIDE;
}

ST_INLINE void model_fill(const model_block *block)
{
    for (size_t at = 0; at < block->usable; at = model_next(at, block->usable)) {
        block->mem[at] = model_byte(block->tag, at);
    }
}

/* True if the first `size` bytes at `mem` are those of the block. */
ST_INLINE bool model_holds(const model_block *block, const unsigned char *mem, size_t size)
{
    for (size_t at = 0; at < size; at = model_next(at, block->usable)) {
        if (mem[at] != model_byte(block->tag, at)) return false;
    }
    return true;
}

ST_INLINE bool model_is_zero(const unsigned char *mem, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        if (mem[at] != 0) return false;
    }
    return true;
}

/* ---- blocks ---- */

/* Index of the first block that does not begin below `mem`. */
ST_INLINE size_t model_find(const model *m, const void *mem)
{
    size_t low = 0;
    size_t high = m->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((uintptr_t)m->block[middle].mem < (uintptr_t)mem) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The block that begins at `mem`, or NULL. */
ST_INLINE const model_block *model_get(const model *m, const void *mem)
{
    size_t idx = model_find(m, mem);
    return idx < m->count && m->block[idx].mem == mem ? &m->block[idx] : NULL;
}

/* The allocator gave a block: it overlaps none, is aligned, is large enough. */
ST_INLINE const char *model_add(model *m, void *mem, size_t req, size_t usable,
                                size_t alignment)
{
    size_t idx = model_find(m, mem);
    uintptr_t start = (uintptr_t)mem;
    if (m->count == MODEL_BLOCKS_MAX) return "the model is full";
    if (start % alignment != 0) return "a block is not aligned as asked";
    if (usable < req) return "a block is smaller than asked";
    if (start + usable < start) return "a block wraps round";
    if (idx > 0) {
        const model_block *below = &m->block[idx - 1];
        if (start - (uintptr_t)below->mem < below->usable) return "a block overlaps one below";
    }
    if (idx < m->count && (uintptr_t)m->block[idx].mem - start < usable) {
        return "a block overlaps one above";
    }
    memmove(&m->block[idx + 1], &m->block[idx], (m->count - idx) * sizeof m->block[0]);
    m->count++;
    m->block[idx] = (model_block){mem, req, usable, alignment, ++m->tags};
    model_fill(&m->block[idx]);
    return NULL;
}

/* The block at `mem` is as it was left, and its usable size is what it was. */
ST_INLINE const char *model_check(const model *m, const void *mem, size_t usable)
{
    const model_block *block = model_get(m, mem);
    if (block == NULL) return "there is no such block";
    if (usable != block->usable) return "the usable size of a block changed";
    if (!model_holds(block, block->mem, block->usable)) return "the bytes of a block changed";
    return NULL;
}

/* The caller frees the block at `mem`. */
ST_INLINE void model_remove(model *m, const void *mem)
{
    size_t idx = model_find(m, mem);
    m->count--;
    memmove(&m->block[idx], &m->block[idx + 1], (m->count - idx) * sizeof m->block[0]);
}

/* The allocator resized the block at `old`, which may be gone, to what is at `mem`. */
ST_INLINE const char *model_resize(model *m, const void *old, void *mem, size_t req,
                                   size_t usable, size_t alignment)
{
    const model_block *block = model_get(m, old);
    if (block == NULL) return "there is no such block";
    if (usable < req) return "a resized block is smaller than asked";
    size_t kept = block->usable < req ? block->usable : req;
    if (!model_holds(block, mem, kept)) return "a resized block lost its bytes";
    model_remove(m, old);
    return model_add(m, mem, req, usable, alignment);
}

#endif
