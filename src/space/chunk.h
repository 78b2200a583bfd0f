/* SPDX-License-Identifier: MIT-0
 *
 * The chunk: the one structure that lies between the user's bytes. Only files of this layer may
 * read or write a head word, and only through the functions here.
 *
 *          +------------------------------+
 *     c    | prev_size                    |  only while the chunk below is free; else the last
 *          +----------+-----------+-+-+-+-+  word of that chunk's block
 *          | seal     | size      |0|Q|C|P|  head
 *   mem -> +----------+-----------+-+-+-+-+
 *          | next                         |  while free; on a quick list only `next`
 *          | prev                         |
 *          +------------------------------+
 *          | child[0], child[1], parent   |  while free and in a tree (space/tree.h)
 *          :                              :
 *          +------------------------------+
 *   next   | prev_size = size of c        |  while c is free
 *          +------------------------------+
 *
 *   P  the chunk below is in use             C  this chunk is in use
 *   Q  with C: this chunk is on a quick list, free for us, in use for its neighbors
 *      without C: the whole pages inside this free chunk are back at the host
 *   seal  16 bits made of the address, the size and the space's secret (STRATA_SEALS); 0 without
 *
 * A block in use owns everything from `mem` to the next chunk's head, one word into it: the
 * overhead of a block is one word.
 */
#ifndef ST_CHUNK_H
#define ST_CHUNK_H

#include "base/atomic.h"
#include "base/bits.h"

typedef struct st_chunk st_chunk;
struct ST_MAY_ALIAS st_chunk {
    size_t prev_size; /* see above */
    size_t head;      /* see above */
    st_chunk *next;   /* in the same list; NULL at the end of small and quick lists */
    st_chunk *prev;   /* NULL for the first of a small list */
};

#define ST_CHUNK_GRAIN ((size_t)STRATA_ALIGNMENT)       /* sizes are multiples of this */
#define ST_CHUNK_OVERHEAD ST_WORD_SIZE                  /* of a block in use */
#define ST_CHUNK_HEADER (2 * ST_WORD_SIZE)              /* from the chunk to its mem */
#define ST_CHUNK_MIN ((sizeof(st_chunk) + ST_CHUNK_GRAIN - 1) & ~(ST_CHUNK_GRAIN - 1))

/* The largest request: PTRDIFF_MAX less what rounding, heads and page alignment may add, and
 * with seals what 48 bits hold. */
#if STRATA_SEALS
#define ST_REQUEST_MAX (((size_t)1 << 47) - ST_MIB)
#else
#define ST_REQUEST_MAX ((size_t)PTRDIFF_MAX - ST_MIB)
#endif

ST_STATIC_ASSERT(offsetof(st_chunk, next) == ST_CHUNK_HEADER, "mem starts after two words");
ST_STATIC_ASSERT(STRATA_ALIGNMENT >= 2 * sizeof(size_t), "a header is at most one grain");

/* ---- the head word ---- */

enum { ST_HEAD_P = 1, ST_HEAD_C = 2, ST_HEAD_Q = 4 };
#define ST_HEAD_FLAGS ((size_t)7)
#if STRATA_SEALS
#define ST_HEAD_SEAL ((size_t)0xffff << 48)
#define ST_SEAL_FACTOR ((size_t)0x9e3779b97f4a7c15u) /* 2^64 / golden ratio: spreads to the top */
#else
#define ST_HEAD_SEAL ((size_t)0)
#define ST_SEAL_FACTOR ((size_t)0)
#endif
#define ST_HEAD_SIZE (~(ST_HEAD_SEAL | ST_HEAD_FLAGS))

/* The seal of a chunk of this size at this place. The size is shifted so that chunks that end
 * at the same address don't share one. */
ST_ALWAYS_INLINE size_t chunk_seal(const st_chunk *c, size_t size, size_t secret)
{
    if (!STRATA_SEALS) return 0;
    return ((st_addr(c) + (size << 5)) ^ secret) * ST_SEAL_FACTOR & ST_HEAD_SEAL;
}

ST_ALWAYS_INLINE size_t chunk_size(const st_chunk *c) { return c->head & ST_HEAD_SIZE; }
ST_ALWAYS_INLINE bool chunk_is_used(const st_chunk *c) { return (c->head & ST_HEAD_C) != 0; }
ST_ALWAYS_INLINE bool chunk_is_quick(const st_chunk *c)
{
    return (c->head & (ST_HEAD_C | ST_HEAD_Q)) == (ST_HEAD_C | ST_HEAD_Q);
}
ST_ALWAYS_INLINE bool chunk_is_purged(const st_chunk *c)
{
    return (c->head & (ST_HEAD_C | ST_HEAD_Q)) == ST_HEAD_Q;
}
ST_ALWAYS_INLINE bool chunk_is_below_used(const st_chunk *c)
{
    return (c->head & ST_HEAD_P) != 0;
}

/* Bits of a head that are never set: those of a size that is no multiple of a grain. */
#define ST_HEAD_ZERO (ST_CHUNK_GRAIN - 1 - ST_HEAD_FLAGS)

/* True if the head is one that we wrote for this place: certain to 1 in 65,536 with seals,
 * otherwise only that the size could be one. */
ST_ALWAYS_INLINE bool chunk_is_sealed(const st_chunk *c, size_t secret)
{
    if (!STRATA_SEALS) return (c->head & ST_HEAD_ZERO) == 0;
    return (c->head & ST_HEAD_SEAL) == chunk_seal(c, chunk_size(c), secret);
}

/* Writes a whole head: size, flags and seal. */
ST_ALWAYS_INLINE void chunk_set_head(st_chunk *c, size_t size, size_t flags, size_t secret)
{
    c->head = size | flags | chunk_seal(c, size, secret);
}

/* The head of a chunk in use as somebody reads it who has its block, but not the space's lock: all
 * but P is settled. */
ST_ALWAYS_INLINE size_t chunk_head_now(const st_chunk *c)
{
    return st_load_shared(&c->head);
}

/* Flags don't enter the seal, so they change alone. The head may be read meanwhile: see above. */
ST_ALWAYS_INLINE void chunk_set_flag(st_chunk *c, size_t flag)
{
    st_store_shared(&c->head, c->head | flag);
}
ST_ALWAYS_INLINE void chunk_clear_flag(st_chunk *c, size_t flag)
{
    st_store_shared(&c->head, c->head & ~flag);
}

/* Makes a head that is no longer a chunk's start unusable, so that a stale pointer to it is
 * recognized: C is clear. */
ST_ALWAYS_INLINE void chunk_erase_head(st_chunk *c) { c->head = 0; }

/* ---- neighbors and blocks ---- */

ST_ALWAYS_INLINE st_chunk *chunk_at(const st_chunk *c, size_t offset) { return st_at(c, offset); }
ST_ALWAYS_INLINE st_chunk *chunk_above(const st_chunk *c) { return chunk_at(c, chunk_size(c)); }
/* Only if the chunk below is free. */
ST_ALWAYS_INLINE st_chunk *chunk_below(const st_chunk *c)
{
    return chunk_at(c, (size_t)0 - c->prev_size);
}
ST_ALWAYS_INLINE void *chunk_mem(const st_chunk *c) { return st_at(c, ST_CHUNK_HEADER); }
ST_ALWAYS_INLINE st_chunk *chunk_of(const void *mem)
{
    return st_at(mem, (size_t)0 - ST_CHUNK_HEADER);
}
ST_ALWAYS_INLINE size_t chunk_usable(const st_chunk *c)
{
    return chunk_size(c) - ST_CHUNK_OVERHEAD;
}

/* The same for who has the block, but not the space's lock. */
ST_ALWAYS_INLINE size_t chunk_usable_now(const st_chunk *c)
{
    return (chunk_head_now(c) & ST_HEAD_SIZE) - ST_CHUNK_OVERHEAD;
}

/* Writes the size of the free chunk c where the chunk above it looks for it. */
ST_ALWAYS_INLINE void chunk_set_foot(st_chunk *c, size_t size)
{
    chunk_at(c, size)->prev_size = size;
}

/* Bytes of the chunk that serves a request; `req` is at most ST_REQUEST_MAX. */
ST_ALWAYS_INLINE size_t st_chunk_size_for(size_t req)
{
    if (req < ST_CHUNK_MIN - ST_CHUNK_OVERHEAD) return ST_CHUNK_MIN;
    return st_round_up(req + ST_CHUNK_OVERHEAD, ST_CHUNK_GRAIN);
}

#endif
