/* SPDX-License-Identifier: MIT-0
 *
 * Fork (src/api/init.c, st_heap_lock_all, st_cache_reset_all): one thread forks at any moment of a
 * worker, who moves blocks under locks and, in what only it touches, without; and of a looker
 * (statistics). The child is a copy of everything, however half done, with the forking thread
 * alone; then it starts a second thread, who gets the worker's cache.
 *
 * Two depots with a slab of two blocks each: 1 and 2 are the forking thread's, 4 and 8 the
 * worker's. What locks guard changes in two steps each, so that a half change can be seen; so does
 * the worker's magazine, which no lock guards.
 *
 * Claimed: nobody waits for ever, neither before the fork nor in the child; in the child what the
 * locks guard is whole, no block is handed out that anybody has, the forking thread's own and
 * inherited blocks can be freed, and nothing but what the worker kept is lost.
 *
 * Broken on purpose by: NOT_ALL_TAKEN, OUT_OF_ORDER, LOOKS_INSIDE (the looker takes a cache's lock
 * under a space's), LOCKS_STAY, CHILD_KEEPS (what the worker kept).
 */

/* So that a run can be asked whether it ever gets somewhere: that breaks it. */
#ifndef LOOK_FOR
#define LOOK_FOR 0
#endif
#define EVENT(number) assert(LOOK_FOR != (number))

/* Locks in the order of their ranks. */
#define CACHES 0
#define DEPOT(d) (d)            /* 1, 2 */
#define SPACE 3
#define SLICES 4
#define LOCKS 5

#define FORKER 1
#define WORKER 2
#define LOOKER 3

#define BLOCKS_OF(d) ((d) == 1 -> 3 : 12)
#define LOWEST(set) ((set) & 1 -> 1 : ((set) & 2 -> 2 : ((set) & 4 -> 4 : 8)))
#define COUNT(set) (((set) & 1) + ((set) / 2 & 1) + ((set) / 4 & 1) + ((set) / 8 & 1))

/* A process: the parent, and, from the fork on, the child. */
typedef heap {
    byte lock_by[LOCKS];
    byte idle[3], free_count[3];    /* by depot */
    byte kept;                      /* the forking thread's magazine */
    byte slot[2], count;            /* the worker's magazine */
    byte handed;                    /* what the program has, */
    byte held                       /* and what of that the forking thread has */
};
heap parent, child;
byte freed;                         /* by the child */
bool has_forked;

inline take(h, l) { atomic { h.lock_by[l] == 0 -> h.lock_by[l] = me } }
inline drop(h, l) { assert(h.lock_by[l] == me); h.lock_by[l] = 0 }

/* Under the depot's lock, and half done in between. */
inline slab_take(h, d)
{
    block = LOWEST(h.idle[d]);
    h.idle[d] = h.idle[d] & ~block;
    h.free_count[d]--
}
inline slab_put(h, d)
{
    assert((h.idle[d] & block) == 0 && (h.handed & block) == 0);
    h.idle[d] = h.idle[d] | block;
    h.free_count[d]++
}

inline hand_out(h)
{
    atomic {
        assert(block != 0 && (h.handed & block) == 0);
        h.handed = h.handed | block
    }
}

/* ---- the parent ---- */

inline worker_refill()
{
    take(parent, DEPOT(2));
    if
    :: parent.idle[2] != 0 ->
        slab_take(parent, 2);
        /* Now and then a slice is taken, too, or given back. */
        take(parent, SLICES);
        drop(parent, SLICES);
        drop(parent, DEPOT(2));
        hand_out(parent);
        block = 0
    :: else -> drop(parent, DEPOT(2))
    fi
}

inline worker_take()
{
    block = parent.slot[parent.count - 1];
    parent.count--;
    hand_out(parent);
    block = 0
}

/* The lowest of the worker's blocks into its magazine. */
inline worker_free()
{
    atomic {
        block = LOWEST(parent.handed & BLOCKS_OF(2) & ~parent.held);
        parent.handed = parent.handed & ~block
    };
    parent.slot[parent.count] = block;
    parent.count++;
    block = 0
}

/* The oldest goes back and the others move down; without the lock, as shelves do it. */
inline worker_put_back()
{
    block = parent.slot[0];
    parent.slot[0] = parent.slot[1];
    parent.count--;
    take(parent, DEPOT(2));
    slab_put(parent, 2);
    drop(parent, DEPOT(2));
    block = 0
}

proctype worker()
{
    byte me = WORKER, block;
    do
    :: has_forked -> break
    :: parent.count < 2 -> worker_refill()
    :: parent.count > 0 -> worker_take()
    :: parent.count < 2 && (parent.handed & BLOCKS_OF(2) & ~parent.held) != 0 -> worker_free()
    :: parent.count > 0 -> worker_put_back()
    :: atomic { parent.handed & 4 && !(parent.held & 4) -> parent.held = parent.held | 4 }   /* handed over */
    od
}

/* strata_walk: all caches and then a space. */
proctype looker()
{
    byte me = LOOKER, looks = 2;
    do
    :: looks == 0 || has_forked -> break
    :: looks > 0 ->
        looks--;
#ifdef LOOKS_INSIDE
        take(parent, SPACE);
        take(parent, DEPOT(2));
#else
        take(parent, CACHES);
        take(parent, DEPOT(1));
        take(parent, DEPOT(2));
        take(parent, SPACE);
#endif
        assert(parent.free_count[2] == COUNT(parent.idle[2]));
        atomic {
            drop(parent, SPACE);
            drop(parent, DEPOT(2));
#ifndef LOOKS_INSIDE
            drop(parent, DEPOT(1));
            drop(parent, CACHES)
#endif
        }
    od
}

/* ---- the child ---- */

inline copy_to_child()
{
    if
    :: parent.slot[0] == parent.slot[1] && parent.count == 2 -> EVENT(1)
    :: else
    fi;
    child.idle[1] = parent.idle[1];
    child.idle[2] = parent.idle[2];
    child.free_count[1] = parent.free_count[1];
    child.free_count[2] = parent.free_count[2];
    child.kept = parent.kept;
    child.slot[0] = parent.slot[0];
    child.slot[1] = parent.slot[1];
    child.count = parent.count;
    child.handed = parent.handed;
    child.held = parent.held;
    lock = 0;
    do
    :: lock < LOCKS -> child.lock_by[lock] = parent.lock_by[lock]; lock++
    :: else -> break
    od
}

/* st_heap_reset_locks. */
inline reset()
{
#ifndef LOCKS_STAY
    lock = 0;
    do
    :: lock < LOCKS -> child.lock_by[lock] = 0; lock++
    :: else -> break
    od;
#endif
    lock = 0;
#ifndef CHILD_KEEPS
    child.count = 0;
#endif
    assert(child.free_count[1] == COUNT(child.idle[1]));
    assert(child.free_count[2] == COUNT(child.idle[2]))
}

/* All that depot d has, one by one. */
inline child_takes_all(d)
{
    take(child, DEPOT(d));
    do
    :: atomic { child.idle[d] != 0 -> slab_take(child, d); hand_out(child); block = 0 }
    :: child.idle[d] == 0 -> break
    od;
    drop(child, DEPOT(d))
}

/* A thread of the child that gets the worker's cache. */
proctype second()
{
    byte me = WORKER, block;
    do
    :: atomic {
        child.count > 0 ->
        block = child.slot[child.count - 1];
        child.count--;
        hand_out(child);
        block = 0
       }
    :: child.count == 0 -> break
    od;
    child_takes_all(2)
}

proctype first()
{
    byte me = FORKER, block, d;
    /* What it kept, and one of what it inherited, whosever that is. */
    do
    :: atomic { child.kept != 0 ->
        block = LOWEST(child.kept);
        child.kept = child.kept & ~block;
        hand_out(child);
        block = 0
       }
    :: child.kept == 0 -> break
    od;
    if
    :: child.held != 0 ->
        atomic {
            if
            :: (child.held & 2) != 0 -> block = 2
            :: (child.held & 4) != 0 -> block = 4
            fi;
            child.held = child.held & ~block;
            freed = block;
            child.handed = child.handed & ~block;
            d = (block < 4 -> 1 : 2);
            if
            :: d == 2 -> EVENT(2)
            :: else
            fi
        };
        take(child, DEPOT(d));
        slab_put(child, d);
        drop(child, DEPOT(d));
        block = 0
    :: child.held == 0
    fi;
    child_takes_all(1)
}

/* ---- the fork ---- */

inline lock_all()
{
#ifdef OUT_OF_ORDER
    take(parent, SLICES);
#endif
    take(parent, CACHES);
    take(parent, DEPOT(1));
#ifndef NOT_ALL_TAKEN
    take(parent, DEPOT(2));
#endif
    take(parent, SPACE);
#ifndef OUT_OF_ORDER
    take(parent, SLICES)
#endif
}

inline unlock_all()
{
    lock = LOCKS;
    do
    :: atomic { lock > 0 && parent.lock_by[lock - 1] == me -> drop(parent, lock - 1); lock-- }
    :: lock > 0 && parent.lock_by[lock - 1] != me -> lock--
    :: lock == 0 -> break
    od
}

inline forget_parent()
{
    parent.idle[2] = 0;
    parent.free_count[2] = 0;
    parent.handed = 0;
    parent.held = 0;
    parent.slot[0] = 0;
    parent.slot[1] = 0;
    parent.count = 0
}

/* Has a block, keeps another, and forks. */
proctype forker()
{
    byte me = FORKER, lock;
    lock_all();
    atomic {
        copy_to_child();
        lock = 0;
        has_forked = true
    };
    atomic { reset() };
    unlock_all();
    /* The two processes have nothing in common any more: the child runs when the parent has ended,
     * of which nothing is remembered. */
    atomic {
        _nr_pr == 2 ->
        forget_parent();
        run first();
        run second()
    }
}

init
{
    atomic {
        parent.idle[2] = 12;
        parent.free_count[2] = 2;
        parent.kept = 1;
        parent.handed = 2;
        parent.held = 2;
        run forker();
        run worker();
        run looker()
    };
    _nr_pr == 1;
    /* What was in the child's slabs and what its first thread kept was handed out; what that has freed
     * is where it was put, or was handed out, too. */
    assert(child.idle[1] == 0 && child.kept == 0 && (child.handed & 3) == 3);
    assert(child.idle[2] == 0 || child.idle[2] == freed);
    assert(((child.handed | child.idle[2]) & freed) == freed)
}
