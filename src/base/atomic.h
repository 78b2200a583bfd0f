/* SPDX-License-Identifier: MIT-0
 *
 * The memory orders we use, by name, so that a search for one finds all of its uses. seq_cst is
 * not here: nothing needs it. With STRATA_THREADS 0 the same names are plain accesses.
 *
 * House rule: a non-relaxed use carries `SYNC-n release|acquire: what becomes visible`, both
 * ends with the same n; a relaxed one carries `relaxed: why a stale value is harmless`.
 */
#ifndef ST_ATOMIC_H
#define ST_ATOMIC_H

#include "base/base.h"

#if STRATA_THREADS

#include <stdatomic.h>

#define ST_ATOMIC(type) _Atomic(type)
#define st_load_relaxed(place) atomic_load_explicit(place, memory_order_relaxed)
#define st_load_acquire(place) atomic_load_explicit(place, memory_order_acquire)
#define st_store_relaxed(place, value) atomic_store_explicit(place, value, memory_order_relaxed)
#define st_store_release(place, value) atomic_store_explicit(place, value, memory_order_release)
#define st_exchange_acquire(place, value)                                                      \
    atomic_exchange_explicit(place, value, memory_order_acquire)
#define st_exchange_release(place, value)                                                      \
    atomic_exchange_explicit(place, value, memory_order_release)
#define st_add_relaxed(place, value)                                                           \
    ((void)atomic_fetch_add_explicit(place, value, memory_order_relaxed))
/* Replaces *place by `value` if it holds *expected; acquire if it did, relaxed if not. */
#define st_swap_if_acquire(place, expected, value)                                             \
    atomic_compare_exchange_strong_explicit(place, expected, value, memory_order_acquire,      \
                                            memory_order_relaxed)
/* The same, relaxed in both cases. */
#define st_swap_if_relaxed(place, expected, value)                                             \
    atomic_compare_exchange_weak_explicit(place, expected, value, memory_order_relaxed,        \
                                          memory_order_relaxed)

#else

#define ST_ATOMIC(type) type
#define st_load_relaxed(place) (*(place))
#define st_load_acquire(place) (*(place))
#define st_store_relaxed(place, value) ((void)(*(place) = (value)))
#define st_store_release(place, value) ((void)(*(place) = (value)))
#define st_add_relaxed(place, value) ((void)(*(place) += (value)))
#define st_swap_if_relaxed(place, expected, value) ((void)(expected), *(place) = (value), true)

#endif

/* Relaxed access to memory that is not declared atomic, because it lies between the user's bytes, or
 * because its only writer reads it plainly: one access, of all of it. The other side reads or writes
 * by the same two. Compilers make of volatile what they make of a relaxed atomic, but with every way
 * of addressing that the processor has; the thread sanitizer knows only the latter. */
#define st_load_shared(place)                                                                  \
    (ST_THREAD_SANITIZER ? __atomic_load_n(place, __ATOMIC_RELAXED)                            \
                         : *(const volatile __typeof__(*(place)) *)(const void *)(place))
#define st_store_shared(place, value)                                                          \
    ((void)(ST_THREAD_SANITIZER                                                                \
                ? (__atomic_store_n(place, value, __ATOMIC_RELAXED), 0)                        \
                : (*(volatile __typeof__(*(place)) *)(void *)(place) = (value), 0)))

/* The same, ordered: whoever loads the new value sees what was stored by these before it. x86 keeps
 * loads, and stores, in their order, and compilers the volatile ones. */
#if defined(__x86_64__) || defined(__i386__)
#define ST_SHARED_IN_ORDER (!ST_THREAD_SANITIZER)
#else
#define ST_SHARED_IN_ORDER 0
#endif
#define st_load_shared_acquire(place)                                                          \
    (ST_SHARED_IN_ORDER ? st_load_shared(place) : __atomic_load_n(place, __ATOMIC_ACQUIRE))
#define st_store_shared_release(place, value)                                                  \
    ((void)(ST_SHARED_IN_ORDER ? (st_store_shared(place, value), 0)                            \
                               : (__atomic_store_n(place, value, __ATOMIC_RELEASE), 0)))

/* Adds 1 to what only this thread writes and others may read, relaxed. A load and a store would do;
 * on x86 one instruction does both, and compilers don't make it of them. */
#if STRATA_THREADS && defined(__GNUC__) && defined(__x86_64__) && !defined(__ILP32__)
#define st_count_own(place) __asm__ volatile("incq %0" : "+m"(*(place))::"cc")
#else
#define st_count_own(place) st_store_shared(place, *(place) + 1)
#endif

/* Tells the processor that we are spinning, where it has a word for that. */
ST_INLINE void st_cpu_relax(void)
{
#if defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
    __builtin_ia32_pause();
#elif defined(__GNUC__) && defined(__aarch64__)
    __asm__ __volatile__("isb" ::: "memory");
#endif
}

#endif
