/* SPDX-License-Identifier: MIT-0
 *
 * Caches, depots and slabs (src/slab/, src/map/slices.c): where a block can be, and who may move
 * it. Threads allocate, free, hand blocks over, end, free more after that, and begin anew with a
 * cache that somebody had before; they do so for ever, or until all is freed.
 *
 * Two slices; a slab of class 1 has two blocks, one of class 2 has one. Sets of blocks are bits:
 * 1 and 2 lie in slice 0, 4 and 8 in slice 1. A magazine has room for MAGAZINE blocks, what a
 * thread collects of others' blocks for REMOTES. A lock is one step here (lock.pml has it), and a
 * word is read as it is (owner_word.pml has the rest).
 *
 * Claimed: no block is handed out twice; a slab is touched only under its depot's lock, and given
 * back only when all its blocks are back; who holds a block reads a word that stays true; when all
 * is freed and all threads have ended, every block is in its slab, and every slice is free or the
 * one slab that its depot keeps. With DOUBLE, the program frees one block twice: slabs and their
 * counts stay whole, and if nothing was allocated in between, it is told.
 *
 * Broken on purpose by: GIVEN_EARLY, SETTLED_UNLOCKED, TAKEN_UNLOCKED, ENDS_WITH_REMOTES,
 * ENDS_WITH_MAGAZINE, CACHE_GIVEN_FIRST, OWNER_AFTER_END; with DOUBLE also by ASKED_OUTSIDE and
 * BITS_NOT_ASKED.
 */
#ifndef THREADS
#define THREADS 2
#endif
#ifndef MAGAZINE
#define MAGAZINE 2
#endif
#ifndef REMOTES
#define REMOTES 2
#endif
#ifdef DOUBLE
#define IS_DOUBLE true
#else
#define IS_DOUBLE false
#endif

/* Who does what: everybody everything, for ever; or thread 1 has so many allocations, thread 2 one
 * less, each of its own class, and the last thread frees what they hand over. */
#if THREADS == 2 && !defined(DOUBLE)
#define ALLOCATES(class) true
#define HANDS_OVER true
#define RECEIVES true
#define LIVES_AGAIN true
#define COUNT_DOWN skip
#else
#define ALLOCATES(class) (me == (class) && todo > 0)
#define HANDS_OVER (me < 3 && !has_ended)
#define RECEIVES (me == THREADS || has_ended)
#define LIVES_AGAIN false
#define COUNT_DOWN todo--
#endif
#ifndef ALLOCATIONS
#define ALLOCATIONS 2
#endif

/* So that a run can be asked whether it ever gets somewhere: that breaks it. */
#ifndef LOOK_FOR
#define LOOK_FOR 0
#endif
#define EVENT(number) assert(LOOK_FOR != (number))

#define SLICES 2
#define SLICE_OF(b) (((b) & 3) != 0 -> 0 : 1)
#define BLOCKS_OF(s) ((s) == 0 -> 3 : 12)
#define LOWEST(set) ((set) & 1 -> 1 : ((set) & 2 -> 2 : ((set) & 4 -> 4 : 8)))
#define HAS_TWO(set) (((set) & ((set) - 1)) != 0)

/* A word: 0 is a free slice; else twice the depot's number, from 1, and 1 more for class 2. */
#define WORD(depot, class) (2 * (depot) + (class) - 1)
#define DEPOT_OF(w) ((w) / 2)
#define ALL_OF(s) (word[s] % 2 == 0 -> BLOCKS_OF(s) : LOWEST(BLOCKS_OF(s)))

/* Guarded by the lock of the depot that the word names; the word by the slices' lock, too. */
byte word[SLICES];
byte idle[SLICES];              /* bits: blocks that are free */
byte free_count[SLICES];
bool listed[SLICES];            /* has a block to be had */

byte lock_by[THREADS + 1];      /* of depots, from 1: 0 or the thread, from 1 */

/* Of caches, from 1: their thread's alone. */
bool is_had[THREADS + 1];
byte magazine[THREADS + 1];
byte remote[THREADS + 1];

#if LOOK_FOR == 2
byte was[SLICES];
#endif

/* The program's, and what is true. */
byte passed;                    /* blocks on their way from thread to thread */
byte handed;                    /* blocks that the program has */
byte taken;                     /* blocks that are not in their slabs */
byte ended;                     /* threads that are through */

/* Of DOUBLE. */
byte wrong;                     /* the block, while it may be freed once more */
bool was_wrong;
bool is_quiet;                  /* nothing was handed out since */
byte told;

#include "caches_slab.pml"

inline hand_out()
{
    assert(IS_DOUBLE || ((handed & block) == 0 && (taken & block) != 0));
    handed = handed | block;
    held = held | block;
    is_quiet = false;
    block = 0
}

/* The blocks of the thread's magazine that are of the class. */
#define KEPT(class) \
    (magazine[cache] & ((word[0] == WORD(cache, class) -> BLOCKS_OF(0) : 0) | \
                        (word[1] == WORD(cache, class) -> BLOCKS_OF(1) : 0)))

/* st_cache_take, or st_cache_refill: one for the program, one for the magazine. */
inline allocate(class)
{
    if
    :: atomic { KEPT(class) != 0 ->
        block = LOWEST(KEPT(class));
        magazine[cache] = magazine[cache] & ~block;
        hand_out()
       }
    :: KEPT(class) == 0 ->
#ifndef TAKEN_UNLOCKED
        take_lock(cache);
#endif
        atomic {
            slab_find(class);
            if
            :: slice < SLICES ->
                slab_take_one();
                group = block;
                if
                :: idle[slice] != 0 && magazine[cache] == 0 ->
                    slab_take_one();
                    magazine[cache] = block
                :: else
                fi;
                block = group;
                group = 0
            :: else
            fi;
            slice = 0;
#ifndef TAKEN_UNLOCKED
            drop_lock(cache);
#endif
            if
            :: block != 0 -> hand_out()
            :: else
            fi
        }
    fi
}

/* cache_send: what `sent` has, one depot after the other. A word is read when no lock is held. */
inline send()
{
    do
    :: sent == 0 -> break
    :: atomic { sent != 0 ->
        depot = DEPOT_OF(word[SLICE_OF(LOWEST(sent))]);
        group = LOWEST(sent) |
                (DEPOT_OF(word[0]) == depot -> sent & BLOCKS_OF(0) : 0) |
                (DEPOT_OF(word[1]) == depot -> sent & BLOCKS_OF(1) : 0);
        sent = sent & ~group;
        assert(IS_DOUBLE || depot != 0);
       };
       if
       :: atomic { depot == 0 ->
            EVENT(7);                               /* told: the slab is gone */
            told++;
            group = 0
          }
       :: depot != 0 ->
            take_lock(depot);
            put_group(depot);
            depot = 0
       fi
    od
}

/* strata_free of a block that the thread holds, up to where it needs a lock. */
inline free_begin()
{
    freed = LOWEST(held);
    held = held & ~freed;
    handed = handed & ~freed;
#ifdef DOUBLE
    if
    :: !was_wrong -> was_wrong = true; wrong = freed; is_quiet = true
    :: true
    fi;
#endif
    owner = DEPOT_OF(word[SLICE_OF(freed)]);
    assert(IS_DOUBLE || owner != 0);
    if
    :: cache == 0 ->
        if
        :: has_ended -> EVENT(3)                    /* a free after the end */
        :: else
        fi;
        sent = freed
    :: cache != 0 && owner == cache ->
        if
        :: MAGAZINE == 1 -> group = magazine[cache]; magazine[cache] = freed
        :: MAGAZINE == 2 && HAS_TWO(magazine[cache]) ->
            group = LOWEST(magazine[cache]);
            magazine[cache] = (magazine[cache] & ~group) | freed
        :: else -> magazine[cache] = magazine[cache] | freed
        fi
    :: else ->
        remote[cache] = remote[cache] | freed;
        if
        :: REMOTES == 1 || HAS_TWO(remote[cache]) -> sent = remote[cache]; remote[cache] = 0
        :: else
        fi
    fi;
    freed = 0;
    owner = 0
}

/* The rest of it: a full magazine's oldest block (the lowest here) goes back, or what was
 * collected. */
inline free_one()
{
    atomic { held != 0 -> free_begin() };
    if
    :: group != 0 -> take_lock(cache); put_group(cache)
    :: group == 0 -> send()
    fi
}

/* The same block once more: straight into its slab, as a thread without a cache does it. */
inline free_again()
{
    atomic { wrong != 0 -> sent = wrong; wrong = 0 };
    send()
}

/* life_take: a cache that nobody has, the lowest here. */
inline begin()
{
    atomic {
        cache = (!is_had[1] -> 1 : (!is_had[2] -> 2 : 3));
        assert(cache <= THREADS && !is_had[cache]);
        if
        :: DEPOT_OF(word[0]) == cache && (taken & BLOCKS_OF(0)) != 0 ->
            EVENT(4)                                /* with blocks of a thread before */
        :: else
        fi;
        is_had[cache] = true
    }
}

/* st_cache_close. What the flush has read of the magazine is cleared later. */
inline end()
{
#ifdef CACHE_GIVEN_FIRST
    is_had[cache] = false;
#endif
#ifndef ENDS_WITH_REMOTES
    atomic { sent = remote[cache]; remote[cache] = 0 };
    send();
#endif
    take_lock(cache);
#ifndef ENDS_WITH_MAGAZINE
    atomic { group = magazine[cache]; slab_put(cache, 0); slab_put(cache, 1) };
    magazine[cache] = 0;
#endif
    atomic {
        slab_trim(cache, 0);
        slab_trim(cache, 1);
        drop_lock(cache);
        is_had[cache] = false;
#ifndef OWNER_AFTER_END
        cache = 0;
#endif
        has_ended = true
    }
}

proctype thread(byte me)
{
    byte cache;                 /* 0: none */
    bool has_ended;             /* since it last had one: allocates elsewhere now */
    byte todo = (me == 1 -> ALLOCATIONS : ALLOCATIONS - 1);
    byte held;                  /* one block at most */
    byte block, group, sent, depot, freed, owner, slice;
    do
    :: cache == 0 && !has_ended -> begin()
    :: ALLOCATES(1) && cache != 0 && !has_ended && held == 0 -> COUNT_DOWN; allocate(1)
    :: ALLOCATES(2) && cache != 0 && !has_ended && held == 0 -> COUNT_DOWN; allocate(2)
    :: free_one()
#ifdef DOUBLE
    :: free_again()
#endif
    :: atomic { HANDS_OVER && held != 0 -> passed = passed | held; held = 0 }
    :: atomic { RECEIVES && passed != 0 && held == 0 ->
        held = LOWEST(passed);
        passed = passed & ~held
       }
    :: cache != 0 && !has_ended -> end()
    :: atomic { LIVES_AGAIN && has_ended && held == 0 -> has_ended = false; cache = 0 }
    :: atomic { has_ended && held == 0 && passed == 0 && wrong == 0 -> ended++; break }
    od
}

/* A slice is free, or the only slab with blocks of its depot and class, and empty. */
inline slice_is_back(s)
{
    assert(word[s] == 0 || (idle[s] == ALL_OF(s) && listed[s]))
}

init
{
    byte next = 1;
    atomic {
        do
        :: next <= THREADS -> run thread(next); next++
        :: else -> break
        od
    };
    atomic {
        ended == THREADS && _nr_pr == 1 ->
        if
        :: was_wrong && !is_quiet   /* perhaps somebody else's block was freed, and nobody knows */
        :: else ->
            slice_is_back(0);
            slice_is_back(1);
            assert(word[0] == 0 || word[0] != word[1]);
            assert(handed == 0 && taken == 0);
            assert(told == was_wrong)
        fi
    }
}
