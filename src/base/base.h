/* SPDX-License-Identifier: MIT-0
 *
 * What every file starts from: linkage, attributes, units, the three kinds of check, and the
 * two services that low code needs and high code owns (saying something, stopping).
 *
 * The checks are never mixed:
 *   ST_STATIC_ASSERT  a layout or a configuration, settled by the compiler;
 *   ST_ASSERT         our own mistake, compiled in at STRATA_CHECK >= 2;
 *   st_misuse         the caller's mistake, looked for at STRATA_CHECK >= 1 (see report.h).
 */
#ifndef ST_BASE_H
#define ST_BASE_H

#include "base/config.h"

/* ---- linkage: hidden between files, static once all files are one ---- */

#if defined(__GNUC__)
#define ST_UNUSED __attribute__((unused))
#else
#define ST_UNUSED
#endif

#ifdef STRATA_AMALGAMATION
#define ST_INTERNAL static ST_UNUSED
#define ST_DECLARE_DATA static ST_UNUSED
#define ST_DEFINE_DATA static
#define ST_DECLARE_THREAD_DATA static ST_UNUSED ST_THREAD_LOCAL
#define ST_DEFINE_THREAD_DATA static ST_THREAD_LOCAL
#elif defined(__GNUC__)
#define ST_INTERNAL __attribute__((visibility("hidden"))) extern
#define ST_DECLARE_DATA __attribute__((visibility("hidden"))) extern
#define ST_DEFINE_DATA
#define ST_DECLARE_THREAD_DATA ST_DECLARE_DATA ST_THREAD_LOCAL
#define ST_DEFINE_THREAD_DATA ST_THREAD_LOCAL
#else
#define ST_INTERNAL extern
#define ST_DECLARE_DATA extern
#define ST_DEFINE_DATA
#define ST_DECLARE_THREAD_DATA extern ST_THREAD_LOCAL
#define ST_DEFINE_THREAD_DATA ST_THREAD_LOCAL
#endif

#define ST_INLINE static inline ST_UNUSED

/* ---- attributes ---- */

#if defined(__GNUC__)
#define ST_LIKELY(cond) __builtin_expect(!!(cond), 1)
#define ST_UNLIKELY(cond) __builtin_expect(!!(cond), 0)
#define ST_NOINLINE __attribute__((noinline))
/* Everything called is inlined, but what is ST_NOINLINE: for an entry whose calls would take more
 * time than their copies. Those take more room. */
#ifdef __OPTIMIZE_SIZE__
#define ST_FLATTEN
#else
#define ST_FLATTEN __attribute__((flatten))
#endif
#define ST_COLD __attribute__((noinline, cold))
#define ST_ALWAYS_INLINE static inline __attribute__((always_inline, unused))
#define ST_WEAK __attribute__((weak))
/* For types that lie in memory which the user sees as other types: the compiler must not move
 * our accesses across the user's, even where it sees both. */
#define ST_MAY_ALIAS __attribute__((may_alias))
#else
#define ST_MAY_ALIAS
#define ST_LIKELY(cond) (cond)
#define ST_UNLIKELY(cond) (cond)
#define ST_NOINLINE
#define ST_FLATTEN
#define ST_COLD
#define ST_ALWAYS_INLINE static inline
#define ST_WEAK
#endif

/* Makes the compiler forget where a pointer comes from. Where it knows the address of a structure
 * it writes that out at each use, which is longer than an offset from a register. */
#if defined(__GNUC__)
#define ST_FORGET(pointer) __asm__("" : "+r"(pointer))
#else
#define ST_FORGET(pointer) ((void)0)
#endif

/* Tells the compiler what it can't see. Nothing checks it. */
#if defined(__GNUC__)
#define ST_ASSUME(cond) ((cond) ? (void)0 : __builtin_unreachable())
#else
#define ST_ASSUME(cond) ((void)0)
#endif

/* A thread-local variable that is reached without a call: the call might allocate. Each takes a few
 * bytes of what the dynamic linker keeps for libraries loaded later. */
#if !STRATA_THREADS
#define ST_THREAD_LOCAL
#elif defined(__GNUC__) && defined(__ELF__) && !STRATA_DLOPEN
#define ST_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define ST_THREAD_LOCAL _Thread_local
#endif

/* 1 in a build for the thread sanitizer. */
#if defined(__has_feature)
#define ST_HAS_FEATURE(feature) __has_feature(feature)
#else
#define ST_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || ST_HAS_FEATURE(thread_sanitizer)
#define ST_THREAD_SANITIZER 1
#else
#define ST_THREAD_SANITIZER 0
#endif

/* Lock discipline that clang checks (-Wthread-safety). */
#if defined(__clang__)
#define ST_CAPABILITY __attribute__((capability("lock")))
#define ST_REQUIRES(lock) __attribute__((requires_capability(lock)))
#define ST_ACQUIRES(lock) __attribute__((acquire_capability(lock)))
#define ST_TRY_ACQUIRES(lock) __attribute__((try_acquire_capability(true, lock)))
#define ST_RELEASES(lock) __attribute__((release_capability(lock)))
#define ST_NO_LOCK_ANALYSIS __attribute__((no_thread_safety_analysis))
#else
#define ST_CAPABILITY
#define ST_REQUIRES(lock)
#define ST_ACQUIRES(lock)
#define ST_TRY_ACQUIRES(lock)
#define ST_RELEASES(lock)
#define ST_NO_LOCK_ANALYSIS
#endif

/* ---- units ---- */

#define ST_KIB ((size_t)1024)
#define ST_MIB (1024 * ST_KIB)
#define ST_GIB (1024 * ST_MIB)
#define ST_WORD_SIZE sizeof(size_t)
#define ST_WORD_BITS (8 * sizeof(size_t))

/* ---- checks ---- */

#define ST_STATIC_ASSERT(cond, sentence) _Static_assert(cond, sentence)

#define ST_ASSERT(cond, sentence)                                                              \
    do {                                                                                       \
        if (STRATA_CHECK >= 2 && ST_UNLIKELY(!(cond))) st_assert_failed(sentence);             \
    } while (0)

/* Ends the program: `sentence` is one of ours that should hold and does not. Traps until a
 * way to stop is installed (st_base_stop). Any thread, any lock held. */
ST_INTERNAL void st_assert_failed(const char *sentence);

/* How to write `size` bytes where the user reads messages, and how to stop the process. Both
 * start as NULL (say nothing; trap) and are installed once, when the heap is prepared. */
typedef struct st_base_hooks {
    void (*write)(const char *text, size_t size);
    void (*stop)(void);
} st_base_hooks;

ST_DECLARE_DATA st_base_hooks st_base_hook;

/* Ends the process through the installed hook, or traps. Does not return. */
ST_INTERNAL void st_base_stop(void);

ST_STATIC_ASSERT(sizeof(size_t) == sizeof(void *), "a size is as wide as a pointer");
ST_STATIC_ASSERT(CHAR_BIT == 8, "a byte has eight bits");

#endif
