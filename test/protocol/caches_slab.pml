/* SPDX-License-Identifier: MIT-0
 *
 * The part of caches.pml that is src/slab/slab.c: what is done to slabs with their depot's lock. What
 * is said to be inside of a step is called from an atomic one. The thread's variables are its
 * caller's: `me`, `cache`; `group`, the blocks that are to be put back; `block` and `slice`, which
 * it takes from.
 */

inline take_lock(d)
{
    atomic { lock_by[d] == 0 -> lock_by[d] = me }
}

/* Inside of a step: what comes under a lock and its end are one. */
inline drop_lock(d)
{
    assert(lock_by[d] == me);
    lock_by[d] = 0
}

/* Inside of a step. */
inline slice_give(s)
{
    assert(lock_by[DEPOT_OF(word[s])] == me);
    assert(IS_DOUBLE || (taken & BLOCKS_OF(s)) == 0);
    assert(idle[s] == ALL_OF(s));
    if
    :: cache != DEPOT_OF(word[s]) -> EVENT(1)   /* a stranger gives it back */
    :: else
    fi;
#if LOOK_FOR == 2
    was[s] = word[s];
#endif
    listed[s] = false;
    word[s] = 0;
    idle[s] = 0;
    free_count[s] = 0
}

inline count_is_right(s)
{
    assert(free_count[s] == (idle[s] == 0 -> 0 : (HAS_TWO(idle[s]) -> 2 : 1)))
}

/* st_slab_put of what `group` has in slice s, and slab_settle. Inside of a step. */
inline slab_put(d, s)
{
    if
    :: (group & BLOCKS_OF(s)) == 0
#ifndef ASKED_OUTSIDE
    :: (group & BLOCKS_OF(s)) != 0 && DEPOT_OF(word[s]) != d ->
        assert(IS_DOUBLE);
        EVENT(5);                                   /* told: the slab is another's by now */
        told++;
        group = group & ~BLOCKS_OF(s)
#endif
    :: else ->
        assert(word[s] != 0 && lock_by[DEPOT_OF(word[s])] == me);
        do
        :: (group & BLOCKS_OF(s)) != 0 ->
            block = LOWEST(group & BLOCKS_OF(s));
            group = group & ~block;
            if
#ifndef BITS_NOT_ASKED
            :: (idle[s] & block) != 0 ->
                assert(IS_DOUBLE);
                EVENT(6);                           /* told: by the block's bit */
                told++
#endif
            :: else ->
                assert(IS_DOUBLE || ((handed & block) == 0 && (taken & block) != 0));
                idle[s] = idle[s] | block;
                free_count[s]++;
                taken = taken & ~block
            fi
        :: else -> break
        od;
        block = 0;
        count_is_right(s);
#ifndef SETTLED_UNLOCKED
        slab_settle(s)
#endif
    fi
}

inline slab_settle(s)
{
    listed[s] = listed[s] || free_count[s] != 0;
    if
#ifdef GIVEN_EARLY
    :: free_count[s] != 0 && word[1 - s] == word[s] && listed[1 - s] -> slice_give(s)
#else
    :: word[s] != 0 && idle[s] == ALL_OF(s) && word[1 - s] == word[s] && listed[1 - s] ->
        slice_give(s)
#endif
    :: else
    fi
}

/* A whole group, the lock taken; and drops that. */
inline put_group(d)
{
    atomic { slab_put(d, 0); slab_put(d, 1); drop_lock(d) }
#ifdef SETTLED_UNLOCKED
    ; atomic { slab_settle(0); slab_settle(1) }
#endif
}

/* st_slab_trim: what was left because it was the only one. Inside of a step. */
inline slab_trim(d, s)
{
    if
    :: DEPOT_OF(word[s]) == d && idle[s] == ALL_OF(s) -> slice_give(s)
    :: else
    fi
}

/* A slab of the cache's own depot that has blocks of the class, or a new one. */
inline slab_find(class)
{
    if
    :: word[0] == WORD(cache, class) && listed[0] -> slice = 0
    :: word[1] == WORD(cache, class) && listed[1] -> slice = 1
    :: else ->
        if
        :: word[0] == 0 -> slice = 0
        :: word[0] != 0 && word[1] == 0 -> slice = 1
        :: else -> slice = SLICES
        fi;
        if
        :: slice < SLICES ->
            assert((taken & BLOCKS_OF(slice)) == 0 || IS_DOUBLE);
            word[slice] = WORD(cache, class);
#if LOOK_FOR == 2
            if
            :: was[slice] != 0 && DEPOT_OF(was[slice]) != cache && was[slice] % 2 != word[slice] % 2 ->
                EVENT(2)                            /* another depot's, of another class */
            :: else
            fi;
#endif
            idle[slice] = ALL_OF(slice);
            free_count[slice] = (class == 1 -> 2 : 1);
            listed[slice] = true
        :: else
        fi
    fi
}

/* Into `block`, from slab `slice`. */
inline slab_take_one()
{
    assert(lock_by[cache] == me && DEPOT_OF(word[slice]) == cache);
    block = LOWEST(idle[slice]);
    assert(IS_DOUBLE || (taken & block) == 0);
    idle[slice] = idle[slice] & ~block;
    free_count[slice]--;
    count_is_right(slice);
    taken = taken | block;
    listed[slice] = free_count[slice] != 0
}
