/* SPDX-License-Identifier: MIT-0
 *
 * Every compile-time switch of strata, with its meaning, its range and its default.
 *
 * A switch is a number, never merely defined or not, so that code says `if (STRATA_X)` and both
 * branches are compiled. Set them with -DSTRATA_X=n or above the amalgamation. `@config` marks
 * the lines from which docs/configuration.md is made.
 */
#ifndef ST_CONFIG_H
#define ST_CONFIG_H

#include "base/dl_options.h"

/* Before any system header, so that the amalgamation compiles under -std=c11. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* @config STRATA_TINY  1 chooses the smallest code: one heap on the boundary-tag engine alone,
 * without threads, address map, seals or counters. For microcontrollers and WebAssembly pages.
 * It only changes the defaults of the switches below. Range 0..1. */
#ifndef STRATA_TINY
#define STRATA_TINY 0
#endif

/* @config STRATA_HARDENED  1 doubts more than the default: our own assertions are compiled in and
 * freed blocks are overwritten. It only changes the defaults below. Range 0..1. */
#ifndef STRATA_HARDENED
#define STRATA_HARDENED 0
#endif

/* @config STRATA_OVERRIDE  1 also defines the C library's and C++'s names (malloc, free,
 * operator new, ...), so that linking replaces them; 2 is for a library to be preloaded into programs
 * that know nothing of it: what strata did not give out goes to who did (option on_foreign), and dlopen
 * is defined (option no_deepbind). Range 0..2. */
#ifndef STRATA_OVERRIDE
#define STRATA_OVERRIDE 0
#endif

/* @config STRATA_THREADS  1 makes every public function safe to call from any thread; 0 leaves
 * out locks and atomic operations. Range 0..1. */
#ifndef STRATA_THREADS
#define STRATA_THREADS (!STRATA_TINY)
#endif

/* @config STRATA_PAGEMAP  1 keeps a map from address to owner: foreign pointers are recognized
 * without touching them, several spaces and directly mapped blocks become possible. Costs
 * 128 KiB of untouched bss on 64-bit hosts. Range 0..1. */
#ifndef STRATA_PAGEMAP
#define STRATA_PAGEMAP (!STRATA_TINY)
#endif

/* @config STRATA_SEALS  1 stores a 16-bit check code in the unused top of each head word, so
 * that a pointer into the middle of a block and an overwritten head are told from a real one.
 * Needs 64-bit words; about five instructions a call. Range 0..1. */
#ifndef STRATA_SEALS
#define STRATA_SEALS (!STRATA_TINY && SIZE_MAX > 0xffffffff)
#endif

/* @config STRATA_QUICK  1 keeps freed small blocks on per-size lists without merging them, up
 * to the option quick_limit. Faster; about 0.3 KB of code. Range 0..1. */
#ifndef STRATA_QUICK
#define STRATA_QUICK 1
#endif

/* @config STRATA_SHORTCUTS  1 also compiles the quick lists' way into malloc and free themselves: about
 * twelve instructions fewer a call without threads. About 0.3 KB of code; off where the compiler
 * optimizes for size. Range 0..1. */
#ifndef STRATA_SHORTCUTS
#ifdef __OPTIMIZE_SIZE__
#define STRATA_SHORTCUTS 0
#else
#define STRATA_SHORTCUTS STRATA_QUICK
#endif
#endif

/* @config STRATA_STATS  1 counts calls and live bytes. Range 0..1. */
#ifndef STRATA_STATS
#define STRATA_STATS (!STRATA_TINY)
#endif

/* @config STRATA_CHECK  How much is checked while running: 0 nothing; 1 misuse by the caller;
 * 2 also our own assertions and lock ranks; 3 also the whole structure, every
 * STRATA_CHECK_PERIOD operations. Range 0..3. */
#ifndef STRATA_CHECK
#define STRATA_CHECK (STRATA_HARDENED ? 2 : 1)
#endif

/* @config STRATA_CHECK_PERIOD  Operations between two whole-structure checks at STRATA_CHECK 3.
 * Range 1 and up. */
#ifndef STRATA_CHECK_PERIOD
#define STRATA_CHECK_PERIOD 1024
#endif

/* @config STRATA_DOUBT_LINKS  1 checks the links of a free chunk before following them, so that
 * a write after free is reported instead of spreading. Needs STRATA_CHECK 1. About 0.7 KB of
 * code. Range 0..1. */
#ifndef STRATA_DOUBT_LINKS
#define STRATA_DOUBT_LINKS (!STRATA_TINY && STRATA_CHECK >= 1)
#endif

/* @config STRATA_DIAGNOSE  1 finds out by a walk what exactly is wrong with a pointer that can't
 * be freed; 0 tells by its head alone, which may name the wrong fault. About 0.5 KB of code.
 * Range 0..1. */
#ifndef STRATA_DIAGNOSE
#define STRATA_DIAGNOSE (!STRATA_TINY)
#endif

/* @config STRATA_RETURN  1 returns what spaces have free to the host while the program runs; 0
 * keeps it, for hosts that take nothing back (WebAssembly, microcontrollers). About 0.5 KB of code.
 * Range 0..1. */
#ifndef STRATA_RETURN
#define STRATA_RETURN (!STRATA_TINY)
#endif

/* @config STRATA_WIPE  1 overwrites the bytes of a block in a space when it is freed. Costs a pass
 * over every freed block. Range 0..1. */
#ifndef STRATA_WIPE
#define STRATA_WIPE STRATA_HARDENED
#endif

/* @config STRATA_ALIGNMENT  Bytes every block is aligned to, and the step between block sizes.
 * A power of two, twice the size of a pointer to 128; 16 unless the ABI of a 32-bit host
 * asks for less. */
#ifndef STRATA_ALIGNMENT
#if SIZE_MAX > 0xffffffff
#define STRATA_ALIGNMENT 16
#elif defined(__BIGGEST_ALIGNMENT__) && __BIGGEST_ALIGNMENT__ >= 16
#define STRATA_ALIGNMENT 16
#else
#define STRATA_ALIGNMENT 8
#endif
#endif

/* @config STRATA_DLOPEN  1 reaches thread-local data in a way that a library loaded late, by
 * dlopen, can always use; 0 in the fastest way, for which such a library may find no room; 2 has none,
 * for hosts where reaching it calls malloc (emulated by the compiler, as for Android before 10): then
 * there are no slabs, and all threads share one space. Range 0..2. */
#ifndef STRATA_DLOPEN
#if defined(__ANDROID__) && __ANDROID_API__ < 29
#define STRATA_DLOPEN 2
#else
#define STRATA_DLOPEN 0
#endif
#endif

/* @config STRATA_SPACES_MAX  Spaces at most among which threads spread when they meet at a
 * lock. Each costs about 1 KB of bss, touched only when it is used. Range 1..64. */
#ifndef STRATA_SPACES_MAX
#define STRATA_SPACES_MAX (STRATA_THREADS && STRATA_PAGEMAP && STRATA_DLOPEN < 2 ? 16 : 1)
#endif

/* @config STRATA_SLABS  1 serves requests up to 1 KiB from slabs, with a cache for each thread: the
 * fast way. 0 leaves all to spaces, which find a wrong free at once. Needs STRATA_PAGEMAP; 4 MiB
 * of bss on 64-bit hosts, touched as it is used. Range 0..1. */
#ifndef STRATA_SLABS
#define STRATA_SLABS                                                                           \
    (STRATA_PAGEMAP && !STRATA_HARDENED && STRATA_ALIGNMENT <= 16 && STRATA_DLOPEN < 2)
#endif

/* @config STRATA_HEAPS  1 has heaps apart from the process's (strata_heap_create and what belongs to
 * it), ranges, and caps on what is held. About 20 KB of code, 14 KB optimized for size. Range 0..1. */
#ifndef STRATA_HEAPS
#define STRATA_HEAPS (!STRATA_TINY)
#endif

/* @config STRATA_ENVIRONMENT  1 reads STRATA_OPTIONS from the environment at program start
 * (never in a privileged program). Range 0..1. */
#ifndef STRATA_ENVIRONMENT
#define STRATA_ENVIRONMENT (!STRATA_TINY)
#endif

/* @config STRATA_DL_ONLY_MSPACES  1 leaves dlmalloc's functions for the process's heap out and gives
 * mspaces alone, as its ONLY_MSPACES. Range 0..1. */
#ifndef STRATA_DL_ONLY_MSPACES
#define STRATA_DL_ONLY_MSPACES 0
#endif

/* @config STRATA_DLMALLOC  1 also compiles dlmalloc's functions (dlmalloc.h), for programs that embed
 * dlmalloc. About 7 KB of code. Needs STRATA_HEAPS. Range 0..1. */
#ifndef STRATA_DLMALLOC
#define STRATA_DLMALLOC STRATA_DL_ONLY_MSPACES
#endif

/* @config STRATA_EXPORT  What stands before each public function, for instance `static` or a
 * visibility attribute. */
#ifndef STRATA_EXPORT
#if defined(__GNUC__)
#define STRATA_EXPORT __attribute__((visibility("default")))
#else
#define STRATA_EXPORT
#endif
#endif

/* ---- ranges ---- */

#if STRATA_CHECK < 0 || STRATA_CHECK > 3
#error "STRATA_CHECK must be 0, 1, 2 or 3"
#endif
#if STRATA_CHECK_PERIOD < 1
#error "STRATA_CHECK_PERIOD must be at least 1"
#endif
#if STRATA_ALIGNMENT < 8 || STRATA_ALIGNMENT > 128 || (STRATA_ALIGNMENT & (STRATA_ALIGNMENT - 1))
#error "STRATA_ALIGNMENT must be a power of two from twice the size of a pointer to 128"
#endif
#if STRATA_SPACES_MAX < 1 || STRATA_SPACES_MAX > 64
#error "STRATA_SPACES_MAX must be 1 to 64"
#endif

/* ---- dependencies ---- */

#if STRATA_SPACES_MAX > 1 && !STRATA_PAGEMAP
#error "STRATA_SPACES_MAX > 1 needs STRATA_PAGEMAP: a freed block must find its space"
#endif
#if STRATA_DLOPEN >= 2 && (STRATA_SLABS || (STRATA_SPACES_MAX > 1 && STRATA_THREADS))
#error "STRATA_DLOPEN 2 has no thread-local data, which STRATA_SLABS and STRATA_SPACES_MAX > 1 need"
#endif
#if STRATA_SLABS && (!STRATA_PAGEMAP || STRATA_ALIGNMENT > 16)
#error "STRATA_SLABS needs STRATA_PAGEMAP and a STRATA_ALIGNMENT of at most 16"
#endif
#if STRATA_DLMALLOC && !STRATA_HEAPS
#error "STRATA_DLMALLOC needs STRATA_HEAPS: an mspace is a heap"
#endif
#if STRATA_SEALS && SIZE_MAX <= 0xffffffff
#error "STRATA_SEALS needs 64-bit words: a 32-bit head has no unused top"
#endif

#endif
