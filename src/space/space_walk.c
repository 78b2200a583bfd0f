/* SPDX-License-Identifier: MIT-0
 *
 * The one walk over all chunks, under check, statistics, trimming and diagnosis. Reads only, and
 * believes no head that it has not checked.
 */
#include "space/bins.h"
#include "space/doubt.h"

/* What c is; -1 if its head can't be one of a chunk, -2 if it leads beyond `fence`. */
static int walk_kind(const st_space *space, const st_chunk *c, const st_chunk *fence)
{
    size_t size = chunk_size(c);
    if (!chunk_is_sealed(c, space->secret)) return -1;
    if (size < ST_CHUNK_MIN || size % ST_CHUNK_GRAIN != 0) return -1;
    if (size > st_distance(c, fence)) return -2;
    if (c == space->top) return st_chunk_top;
    if (chunk_is_quick(c)) return st_chunk_quick;
    return chunk_is_used(c) ? st_chunk_used : st_chunk_free;
}

static int walk_segment(const st_space *space, const st_segment *segment,
                        st_space_visitor visit, void *context)
{
    const st_chunk *fence = segment_fence(segment);
    const st_chunk *c = segment_first(segment);
    while (c != fence) {
        int kind = walk_kind(space, c, fence);
        if (kind < 0) return kind;
        const st_chunk *next = chunk_above(c); /* before the visitor, which may purge */
        int result = visit(context, segment, c, chunk_size(c), (st_chunk_kind)kind);
        if (result != 0) return result;
        c = next;
    }
    return 0;
}

ST_COLD int st_space_walk(const st_space *space, st_space_visitor visit, void *context)
{
    int result = 0;
    const st_segment *segment = space->segments;
    for (; segment != NULL && result == 0; segment = segment->next)
        result = walk_segment(space, segment, visit, context);
    return result;
}

/* ---- diagnosis ---- */

typedef struct walk_search {
    const void *mem;       /* what is looked for */
    const st_chunk *seen;  /* the last chunk visited */
    st_chunk_kind kind;    /* what holds mem, if found */
} walk_search;

static int walk_find(void *context, const st_segment *segment, const st_chunk *chunk,
                     size_t size, st_chunk_kind kind)
{
    walk_search *search = context;
    (void)segment;
    search->seen = chunk;
    search->kind = kind;
    return st_distance(chunk_mem(chunk), search->mem) < size;
}

/* Where the walk stopped at a head that can't be one, that head is the culprit: the block that
 * begins there is named, or, if it is the one above `mem`, mem as the one that was overrun. */
static st_misuse_kind walk_blame(const st_space *space, const walk_search *search,
                                 const void **mem)
{
    const st_chunk *broken = search->seen == NULL ? NULL : chunk_above(search->seen);
    if (search->seen != NULL && chunk_mem(search->seen) == *mem) return st_misuse_broken_next;
    if (broken != NULL && doubt_is_inside(space, broken)) *mem = chunk_mem(broken);
    return st_misuse_broken_tag;
}

/* 1. The chunk that holds mem is found by a walk: mem is its block's start, or not.
 * 2. At its start: free already, or the tag above it is broken.
 * 3. Inside it: inside a block in use, or inside free memory, where a block was before.
 * 4. Not found: the walk ended at a broken head below it, or mem is outside of all segments. */
st_misuse_kind st_space_diagnose(const st_space *space, const void **mem)
{
    walk_search search = {*mem, NULL, st_chunk_used};
    int result = st_space_walk(space, walk_find, &search);
    if (result < 0) return walk_blame(space, &search, mem);
    if (result == 0) return st_misuse_foreign;
    if (search.kind != st_chunk_used) return st_misuse_double_free;
    return chunk_mem(search.seen) == *mem ? st_misuse_broken_next : st_misuse_interior;
}
