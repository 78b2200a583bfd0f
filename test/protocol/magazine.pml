/* SPDX-License-Identifier: MIT-0
 *
 * A magazine read by another thread (SYNC-4; src/slab/cache.h, cache_count.c). Its owner alone
 * writes: a block into the slot above the top and then the top, or just a lower top; without a
 * lock. A checker who holds the depot's lock reads the top, then the slots below it, and says that
 * the magazine is broken if one of them is no block that was taken from its slab. A third thread
 * frees blocks that the owner handed to it, under the lock.
 *
 * Memory is as C11 has it. Since there is one writer, what a thread knows of it is a moment: the
 * stores up to then. A load may see the last store before that moment, or any later one. `log` has
 * the stores since the earliest moment that anybody is at; `base` what was before.
 *
 * Claimed: the checker never calls a whole magazine broken.
 *
 * Broken on purpose by: TOP_BARE (the top is stored and loaded without order), UNLOCKED (the
 * checker does not take the lock), PUT_BACK_UNLOCKED (the owner puts back without it).
 */
#ifndef STORES
#define STORES 8
#endif

/* So that a run can be asked whether it ever gets somewhere: that breaks it. */
#ifndef LOOK_FOR
#define LOOK_FOR 0
#endif
#define EVENT(number) assert(LOOK_FOR != (number))

/* Blocks are bits: 1, 2. Slots and top are places in memory. */
#define TOP 0
#ifdef TOP_BARE
#define TOP_ORDERS false
#else
#define TOP_ORDERS true
#endif
#define PLACES 3

byte base[PLACES];
byte log_place[STORES], log_value[STORES];
byte stored;                    /* entries of the log; the owner's own moment is their end */
byte checker_at, other_at, lock_at;

byte lock_by;
byte idle = 3;                  /* the slab's bits */
byte passed;                    /* handed over by the owner */

/* The earliest moment is later than some stores: they become the base. */
inline forget()
{
    do
    :: stored > 0 && checker_at > 0 && other_at > 0 ->
        base[log_place[0]] = log_value[0];
        at = 0;
        do
        :: at + 1 < stored ->
            log_place[at] = log_place[at + 1];
            log_value[at] = log_value[at + 1];
            at++
        :: else -> break
        od;
        log_place[at] = 0;
        log_value[at] = 0;
        at = 0;
        stored--;
        checker_at--;
        other_at--;
        lock_at = (lock_at > 0 -> lock_at - 1 : 0)
    :: else -> break
    od
}

/* If the log is full, whoever has not seen its first store by now hears of it. */
inline store(place, value)
{
    atomic {
        if
        :: stored == STORES ->
            checker_at = (checker_at > 0 -> checker_at : 1);
            other_at = (other_at > 0 -> other_at : 1);
            forget()
        :: else
        fi;
        log_place[stored] = place;
        log_value[stored] = value;
        stored++
    }
}

/* Any value that the checker may see, the one at its moment or a later one; inside of a step. What
 * it is ordered by, it knows of from then on. */
inline load(place, is_ordered)
{
    seen = base[place];
    seen_at = 0;
    at = 0;
    do
    :: at < checker_at ->
        seen = (log_place[at] == place -> log_value[at] : seen);
        at++
    :: at >= checker_at && at < stored ->
        seen_at = (log_place[at] == place -> at + 1 : seen_at);
        seen = (log_place[at] == place -> log_value[at] : seen);
        at++
    :: at >= checker_at -> break
    od;
    if
    :: seen_at != 0 && seen_at < stored -> EVENT(1)
    :: else
    fi;
    checker_at = (is_ordered && seen_at > checker_at -> seen_at : checker_at);
    seen_at = 0;
    forget()
}

inline take_lock() { lock_by == 0 -> lock_by = me }

/* ---- the owner ---- */

inline owner_take_lock() { atomic { take_lock() } }
inline owner_drop_lock() { atomic { lock_at = stored; lock_by = 0 } }

/* st_cache_refill: the lowest block that is free. */
inline refill()
{
    owner_take_lock();
    atomic {
        block = (idle & 1 -> 1 : (idle & 2 -> 2 : 0));
        idle = idle & ~block
    };
    owner_drop_lock();
    if
    :: block != 0 -> push()
    :: else
    fi
}

/* Into the slot above the top, and then the top. */
inline push()
{
    slot[top] = block;
    top++;
    store(top, block);
    store(TOP, top);
    block = 0
}

inline pop()
{
    top--;
    held = held | slot[top];
    slot[top] = 0;
    store(TOP, top)
}

/* cache_put_back: the lower one. The others move down. */
inline put_back()
{
#ifndef PUT_BACK_UNLOCKED
    owner_take_lock();
#endif
    atomic {
        idle = idle | slot[0];
        slot[0] = slot[1];
        slot[1] = 0;
        top--
    };
    if
    :: top == 1 -> store(1, slot[0])
    :: else
    fi;
    store(TOP, top);
#ifndef PUT_BACK_UNLOCKED
    owner_drop_lock()
#endif
}

proctype owner()
{
    byte me = 1, top, slot[2], held, block, at;
    do
    :: top < 2 -> refill()
    :: top > 0 -> pop()
    :: top > 0 -> put_back()
    :: top < 2 && held != 0 -> block = (held & 1 -> 1 : 2); held = held & ~block; push()
    :: atomic { held != 0 && passed == 0 ->
        passed = (held & 1 -> 1 : 2);
        held = held & ~passed;
        other_at = stored;
        forget()
       }
    od
}

/* ---- the others ---- */

proctype other()
{
    byte me = 2, at;
    do
    :: atomic { passed != 0 && lock_by == 0 -> take_lock();
        other_at = (lock_at > other_at -> lock_at : other_at);
        forget()
       };
       atomic { idle = idle | passed; passed = 0; lock_at = other_at; lock_by = 0 }
    od
}

proctype checker()
{
    byte me = 3, seen, seen_at, at, count;
    do
#ifdef UNLOCKED
    :: true ->
#else
    :: atomic {
        take_lock();
        checker_at = (lock_at > checker_at -> lock_at : checker_at);
        forget()
       };
#endif
        atomic { load(TOP, TOP_ORDERS); count = seen };
        do
        :: count > 0 ->
            atomic {
                load(count, false);
                assert(seen != 0);
                assert((idle & seen) == 0);
                count--
            }
        :: count == 0 -> break
        od;
        seen = 0;
#ifndef UNLOCKED
        atomic { lock_at = (checker_at > lock_at -> checker_at : lock_at); lock_by = 0 }
#endif
    od
}

init
{
    atomic {
        run owner();
        run other();
        run checker()
    }
}
