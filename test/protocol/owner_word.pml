/* SPDX-License-Identifier: MIT-0
 *
 * Why the word that tells whose a slice is (src/map/slices.h) can be read relaxed. One slice, two
 * blocks, a depot for each thread; memory as C11 has it: the word has versions, a relaxed load may
 * see any of them that is not older than what the thread already knows of, and what a thread
 * knows goes along with a lock that is dropped and taken, and with a block that is handed over.
 * The slab's note is plain memory: whoever touches it must know of its last change, or it is a
 * race.
 *
 * Claimed: a thread that holds a block reads the word that is true now, outside of every lock and
 * again under the depot's; notes are never raced for, whoever frees the last block and whoever
 * takes the slice next; a stranger (statistics) who reads a word, takes the lock of the depot it
 * names and reads the same word again, knows the truth.
 *
 * Broken on purpose by: HANDED_OVER_BARE (the program passes a block without order),
 * SLICES_BARE, DEPOT_BARE (a lock orders nothing), GIVEN_EARLY (before the last block is back),
 * ASKED_ONCE (the stranger does not read again).
 */
#ifndef THREADS
#define THREADS 2
#endif
#ifndef STEPS
#define STEPS 4
#endif
#ifndef VERSIONS
#define VERSIONS 5
#endif

/* Who does what: everybody everything, or three threads of three kinds. */
#if THREADS == 2
#define ALLOCATES true
#define HANDS_OVER true
#define RECEIVES true
#define LOOKS true
#else
#define ALLOCATES me < 2
#define HANDS_OVER me == 0
#define RECEIVES me != 0
#define LOOKS me == 2
#endif

/* So that a run can be asked whether it ever gets somewhere: that breaks it. */
#ifndef LOOK_FOR
#define LOOK_FOR 0
#endif
#define EVENT(number) assert(LOOK_FOR != (number))

#define ALL 3                   /* both blocks, as bits */
#define SLICES THREADS          /* the slices' lock, behind those of the depots */
#define NONE 0                  /* a word: nobody's; d + 1: of depot d */

byte word[VERSIONS];            /* what the word was, without what nobody can see any more */
byte newest;                    /* the last one: the truth */
byte idle = ALL;                /* the note's bits: blocks that are free */

/* Of each thread, lock and block on its way: the oldest version that it may still see; does it
 * know of the note's last change? */
byte knows_word[THREADS], lock_word[THREADS + 1], passed_word[2];
bool knows_note[THREADS], lock_note[THREADS + 1], passed_note[2];

byte lock_by[THREADS + 1];      /* 0: free; t + 1 */
byte passed;                    /* blocks on their way, as bits */

#define RAISE(place, to) place = (place > to -> place : to)
#define LOWER(place) place = (place > 0 -> place - 1 : 0)
#define TRUTH word[newest]

#if THREADS == 2
#define SEEN_BY_ALL (knows_word[0] > 0 && knows_word[1] > 0)
#else
#define SEEN_BY_ALL (knows_word[0] > 0 && knows_word[1] > 0 && knows_word[2] > 0)
#endif

/* Part of every step in which a thread learns: forgets the versions that are too old for all. */
inline forget()
{
    do
    :: SEEN_BY_ALL ->
        at = 0;
        do
        :: at < newest -> word[at] = word[at + 1]; at++
        :: else -> break
        od;
        word[newest] = 0;
        newest--;
        at = 0;
        do
        :: at < THREADS -> knows_word[at]--; LOWER(lock_word[at]); at++
        :: else -> break
        od;
        LOWER(lock_word[SLICES]);
        LOWER(passed_word[0]);
        LOWER(passed_word[1])
    :: else -> break
    od;
    at = 0
}

inline take_lock(l)
{
    atomic {
        lock_by[l] == 0 -> lock_by[l] = me + 1;
        RAISE(knows_word[me], lock_word[l]);
        knows_note[me] = knows_note[me] || lock_note[l];
        forget()
    }
}

inline drop_lock(l)
{
    atomic {
#ifdef SLICES_BARE
        if
        :: l == SLICES
        :: else -> lock_word[l] = knows_word[me]; lock_note[l] = knows_note[me]
        fi;
#else
#ifdef DEPOT_BARE
        if
        :: l != SLICES
        :: else -> lock_word[l] = knows_word[me]; lock_note[l] = knows_note[me]
        fi;
#else
        lock_word[l] = knows_word[me];
        lock_note[l] = knows_note[me];
#endif
#endif
        lock_by[l] = 0
    }
}

/* The history is full: whoever has not seen the second version by now hears of it. So nobody is
 * more than VERSIONS - 1 changes behind. */
inline learn()
{
    at = 0;
    do
    :: at < THREADS -> RAISE(knows_word[at], 1); at++
    :: else -> break
    od;
    forget()
}

/* Into `seen`: any version that the thread may still see. */
inline read_word()
{
    atomic {
        version = knows_word[me];
        do
        :: version < newest -> version++
        :: break
        od;
        knows_word[me] = version;
        seen = word[version];
        version = 0;
        forget()
    }
}

/* Under the slices' lock, by whom it was free for or whose it was. */
inline write_word(value)
{
    atomic {
        assert(lock_by[SLICES] == me + 1);
        if
        :: newest == VERSIONS - 1 -> learn()
        :: else
        fi;
        newest++;
        word[newest] = value;
        knows_word[me] = newest;
        forget()
    }
}

inline touch_note()
{
    assert(TRUTH != NONE);
    assert(lock_by[TRUTH - 1] == me + 1 && knows_note[me])
}

/* Part of every step that changes the note: from now on only we know what it is. */
inline note_changes()
{
    at = 0;
    do
    :: at < THREADS -> knows_note[at] = (at == me); lock_note[at] = false; at++
    :: else -> break
    od;
    lock_note[SLICES] = false;
    passed_note[0] = false;
    passed_note[1] = false;
    at = 0
}

/* st_slab_take, by a thread from its own depot: the lower block first. */
inline allocate()
{
    take_lock(me);
    read_word();
    if
    :: seen == me + 1
    :: else ->
        take_lock(SLICES);
        if
        :: TRUTH == NONE -> write_word(me + 1); seen = me + 1
        :: else
        fi;
        drop_lock(SLICES)
    fi;
    if
    :: atomic {
        seen == me + 1 && idle != 0 ->
        touch_note();
        block = (idle & 1 -> 1 : 2);
        idle = idle & ~block;
        held = held | block;
        block = 0;
        note_changes()
       }
    :: atomic { !(seen == me + 1 && idle != 0) -> skip }
    fi;
    drop_lock(me);
    seen = 0
}

/* cache_send_to_one and st_slab_put: of any depot's block. */
inline give_back()
{
    atomic { block = (held & 1 -> 1 : 2) };
    read_word();
    assert(seen == TRUTH && seen != NONE);
    depot = seen - 1;
    take_lock(depot);
    read_word();
    assert(seen == TRUTH && seen == depot + 1);
    atomic {
        touch_note();
        assert((idle & block) == 0);
        idle = idle | block;
        held = held & ~block;
        note_changes()
    };
    if
#ifdef GIVEN_EARLY
    :: idle != 0 ->
#else
    :: idle == ALL ->
#endif
        take_lock(SLICES);
        write_word(NONE);
        drop_lock(SLICES)
    :: else
    fi;
    drop_lock(depot);
    atomic { seen = 0; block = 0; depot = 0 }
}

/* The program's own: a queue, a lock, whatever orders two threads. */
inline hand_over()
{
    atomic {
        block = (held & 1 -> 1 : 2);
        held = held & ~block;
        passed = passed | block;
        passed_word[block - 1] = knows_word[me];
        passed_note[block - 1] = knows_note[me];
        block = 0
    }
}

inline receive()
{
    atomic {
        RECEIVES && passed != 0 ->
        block = (passed & 1 -> 1 : 2);
        passed = passed & ~block;
        held = held | block;
#ifndef HANDED_OVER_BARE
        RAISE(knows_word[me], passed_word[block - 1]);
        knows_note[me] = knows_note[me] || passed_note[block - 1];
#endif
        passed_word[block - 1] = 0;
        passed_note[block - 1] = false;
        block = 0;
        forget()
    }
}

/* count_count_slab: a thread that holds nothing of the slab. */
inline look()
{
    read_word();
    if
    :: seen == NONE
    :: else ->
        atomic {
            if
            :: seen != TRUTH -> EVENT(1)
            :: else
            fi
        };
        depot = seen - 1;
        take_lock(depot);
#ifndef ASKED_ONCE
        read_word();
#endif
        if
        :: seen == depot + 1 -> atomic { touch_note() }
        :: else
        fi;
        drop_lock(depot)
    fi;
    atomic { seen = 0; depot = 0 }
}

proctype thread(byte me)
{
    byte held, block, depot, seen, version, at;
    do
    :: ALLOCATES -> allocate()
    :: held != 0 -> give_back()
    :: HANDS_OVER && held != 0 -> hand_over()
    :: receive()
    :: LOOKS -> look()
    :: held == 0 && passed == 0 -> break
    od
}

init
{
    byte next;
    atomic {
        /* To begin with everybody knows. */
        do
        :: next < THREADS -> knows_note[next] = true; run thread(next); next++
        :: else -> break
        od
    };
    _nr_pr == 1;
    assert(idle == ALL && TRUTH == NONE && passed == 0)
}
