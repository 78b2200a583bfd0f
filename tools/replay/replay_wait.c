/* SPDX-License-Identifier: MIT-0
 *
 * How threads wait for each other. A thread tries for a moment, lets others run, and then
 * sleeps. What it waits for is not woken for at once: a thread that has published something goes
 * on until its next checkpoint, or until it has to wait itself, or its end, and only then looks
 * for sleepers. They find more than one thing ready, and there are fewer wake-ups, which would
 * cost more than what is measured.
 *
 * Why none is forgotten. A sleeper says what it wishes (A), adds itself to sleeper_count (B),
 * looks once more whether its wish is fulfilled (C), and sleeps only if not. A thread that has
 * published (D) reads sleeper_count by an addition of 0 (E), and if it is not 0 looks at the
 * wishes (F). Both B and E are additions to one place, so one comes first and the later reads
 * what it wrote. If B does, E acquires what B released: F sees A, and wakes. If E does, B acquires
 * what E released: C sees D, and does not sleep. And every thread that has published gets to E,
 * because it does so before it sleeps or ends.
 */
#define _GNU_SOURCE
#include "replay_threads.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Tries before a thread lets others run: about as long as what it waits for takes if the other
 * thread is running. Then some more with others let run between, and sleep. */
enum { wait_spin_count = 32, wait_yield_count = 2 };

/* In a test: how long a thread that has found that it must sleep takes until it says so, and until
 * it looks once more. What can go wrong there does, with a delay. */
#ifndef REPLAY_TEST_DELAY_US
#define REPLAY_TEST_DELAY_US 0
#endif

static inline void wait_delay(void)
{
    if (REPLAY_TEST_DELAY_US != 0) usleep(REPLAY_TEST_DELAY_US);
}

static inline void wait_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("isb" ::: "memory");
#endif
}

/* Have all lanes progressed to `value`? */
static bool wait_window_is_open(replay_threads *all, uint64_t value)
{
    /* acquire: with what whoever wrote it had seen, see below. */
    if (atomic_load_explicit(&all->floor, memory_order_acquire) >= value) return true;
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < all->lane_count; i++) {
        /* acquire: all that the lane's thread has published on the way there. A turn that is
         * seen after this is thus never as old as 2^16 turns, which would look like the right
         * one: no more than a window of operations can have been done since. */
        const uint64_t progress =
            atomic_load_explicit(&all->lane[i].progress, memory_order_acquire);
        if (progress < least) least = progress;
    }
    /* release: passes on what was acquired above. Two may write at once, and the smaller win: it
     * is true as well. */
    atomic_store_explicit(&all->floor, least, memory_order_release);
    return least >= value;
}

static bool wait_is_fulfilled(replay_threads *all, const threads_wish *wish)
{
    switch (wish->what) {
    case threads_what_turn:
        /* acquire: the slot and the contents of its block, by the thread that had it before. */
        return atomic_load_explicit(&all->turn[wish->place], memory_order_acquire) ==
               (uint16_t)wish->value;
    case threads_what_lane:
        /* acquire: the handle of the lane's last thread, and that it is done. */
        return atomic_load_explicit(&all->lane[wish->place].progress, memory_order_acquire) >=
               wish->value;
    case threads_what_window: return wait_window_is_open(all, wish->value);
    }
    return true;
}

void threads_wake(replay_threads *all)
{
    /* acquire and release: E of the head comment. */
    if (atomic_fetch_add_explicit(&all->sleeper_count, 0, memory_order_acq_rel) == 0) return;
    for (uint32_t i = 0; i < all->lane_count; i++) {
        threads_lane *const lane = &all->lane[i];
        /* relaxed, all four: what E acquired is as new as needed. If its thread has gone on since
         * and they are of different wishes, it has looked for itself after E. */
        if (atomic_load_explicit(&lane->nap, memory_order_relaxed) == 0) continue;
        const threads_wish wish = {
            (threads_what)atomic_load_explicit(&lane->what, memory_order_relaxed),
            atomic_load_explicit(&lane->place, memory_order_relaxed),
            atomic_load_explicit(&lane->value, memory_order_relaxed)};
        if (!wait_is_fulfilled(all, &wish)) continue;
        /* relaxed: who wakes up looks for itself. */
        if (atomic_exchange_explicit(&lane->nap, 0, memory_order_relaxed) != 0) {
            syscall(SYS_futex, &lane->nap, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        }
    }
}

/* Sleeps until somebody thinks that the wish is fulfilled; or not at all, if it is. */
static void wait_sleep(replay_threads *all, threads_lane *lane, const threads_wish *wish)
{
    /* relaxed, all four: B releases them. */
    atomic_store_explicit(&lane->what, (uint32_t)wish->what, memory_order_relaxed);
    atomic_store_explicit(&lane->place, wish->place, memory_order_relaxed);
    atomic_store_explicit(&lane->value, wish->value, memory_order_relaxed);
    atomic_store_explicit(&lane->nap, 1, memory_order_relaxed);
    wait_delay();
    /* acquire and release: B of the head comment. */
    atomic_fetch_add_explicit(&all->sleeper_count, 1, memory_order_acq_rel);
    wait_delay();
    /* relaxed: only the number counts. */
    while (!wait_is_fulfilled(all, wish) &&
           atomic_load_explicit(&lane->nap, memory_order_relaxed) != 0) {
        syscall(SYS_futex, &lane->nap, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0);
    }
    /* relaxed, both: a wake-up too many is harmless. */
    atomic_store_explicit(&lane->nap, 0, memory_order_relaxed);
    atomic_fetch_sub_explicit(&all->sleeper_count, 1, memory_order_relaxed);
}

void threads_wait(replay_threads *all, uint32_t lane, const threads_wish *wish)
{
    for (int i = 0; i < wait_spin_count; i++) {
        if (wait_is_fulfilled(all, wish)) return;
        wait_relax();
    }
    /* Others may sleep until they see what this thread has published. */
    threads_wake(all);
    for (int i = 0; i < wait_yield_count; i++) {
        sched_yield();
        if (wait_is_fulfilled(all, wish)) return;
    }
    while (!wait_is_fulfilled(all, wish)) wait_sleep(all, &all->lane[lane], wish);
}
