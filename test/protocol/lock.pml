/* SPDX-License-Identifier: MIT-0
 *
 * The lock (src/os/lock.h, lock.c): a word of 0, 1 or 2, a few looks, then sleep in the host.
 *
 * Claimed: at most one thread is inside; no thread sleeps for good while the lock is free; with
 * FOREVER, somebody always gets in again, if every thread is given its turns. That no single
 * thread starves is not claimed, and does not hold.
 *
 * Each step below is one access of the word, or of the host's queue of sleepers. The host is a
 * futex: it looks at the word and goes to sleep in one step, wakes one sleeper, any, and may
 * wake one for no reason (EARLY of them here).
 *
 * THREADS threads go in ROUNDS times each. Broken on purpose by: TRY_IN_TWO, DROP_SILENT,
 * SLEPT_TAKES_1, SLEEP_BLIND, WAKE_FIRST.
 */
#ifndef THREADS
#define THREADS 3
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
/* 1: asks whether thread 0 always gets in again, which is more than the lock promises. */
#ifndef ONLY_FIRST_COUNTS
#define ONLY_FIRST_COUNTS 0
#endif
/* So that a run can be asked whether it ever gets somewhere: that breaks it. */
#ifndef LOOK_FOR
#define LOOK_FOR 0
#endif
#define EVENT(number) assert(LOOK_FOR != (number))

#define LOOKS 1
#define EARLY 1

byte word;
byte inside;            /* how many are; never two */
bool asleep[THREADS];
byte early;             /* sleepers woken for no reason so far */

/* What a waiter writes before it sleeps, and so leaves when it gets the lock by that. */
#ifdef SLEPT_TAKES_1
#define LEFT_BY_WAITER (slept -> 1 : 2)
#else
#define LEFT_BY_WAITER 2
#endif

inline wake_one()
{
    if
    :: atomic { asleep[0] -> asleep[0] = false }
    :: atomic { asleep[1] -> asleep[1] = false }
#if THREADS > 2
    :: atomic { asleep[2] -> asleep[2] = false }
#endif
#if THREADS > 3
    :: atomic { asleep[3] -> asleep[3] = false }
#endif
    :: atomic { !(asleep[0] || asleep[1] || asleep[THREADS - 2] || asleep[THREADS - 1]) -> EVENT(2) }
    fi
}

/* st_lock_try: one swap. */
inline try()
{
#ifdef TRY_IN_TWO
    seen = word;
    if
    :: seen == 0 -> word = 1; got = true
    :: else
    fi
#else
    atomic {
        if
        :: word == 0 -> word = 1; got = true
        :: else
        fi
    }
#endif
}

/* st_os_wait: asleep only if the word is still 2. */
inline sleep()
{
#ifdef SLEEP_BLIND
    asleep[me] = true;
#else
    atomic {
        if
        :: word == 2 -> EVENT(1); asleep[me] = true
        :: else
        fi
    };
#endif
    do
    :: atomic { !asleep[me] -> break }
    :: atomic { asleep[me] && early < EARLY -> early++; asleep[me] = false }
    od
}

/* st_lock_wait: looks, and then leaves a 2 until it finds that there was a 0. */
inline wait()
{
    looks = 0;
    do
    :: got || looks == LOOKS -> break
    :: else ->
        looks++;
        if
        :: word != 0
        :: word == 0 -> try()
        fi
    od;
    do
    :: got -> break
    :: else ->
        atomic { seen = word; word = LEFT_BY_WAITER };
        if
        :: seen == 0 -> got = true
        :: else -> sleep(); slept = true
        fi
    od
}

inline drop()
{
#ifdef WAKE_FIRST
    seen = word;
    if
    :: seen == 2 -> wake_one()
    :: else
    fi;
    word = 0;
#else
    atomic { seen = word; word = 0 };
#ifndef DROP_SILENT
    if
    :: seen == 2 -> wake_one()
    :: else
    fi
#endif
#endif
}

proctype thread(byte me)
{
    byte rounds, looks, seen;
    bool got, slept;
    do
#ifndef FOREVER
    :: rounds == ROUNDS -> break
    :: rounds < ROUNDS ->
        rounds++;
#else
    :: true ->
#endif
        got = false; slept = false;
        try();
        if
        :: got
        :: else -> wait()
        fi;
        inside++;
        assert(inside == 1);
        if
        :: !ONLY_FIRST_COUNTS || me == 0 ->
progress_inside:
            skip
        :: else
        fi;
        inside--;
        drop()
    od
}

init
{
    byte next;
    atomic {
        do
        :: next < THREADS -> run thread(next); next++
        :: else -> break
        od
    }
}
