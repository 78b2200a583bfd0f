/* SPDX-License-Identifier: MIT-0
 *
 * dlmalloc's compile-time options, under their own names. Read before every switch, because it sets some.
 *
 *   STRATA_DLMALLOC 1     every option of dlmalloc 2.8.6 is obeyed, or refused with a sentence that says
 *                         what to do instead. docs/dlmalloc/options.md has them all.
 *   otherwise             an option that can only be dlmalloc's is refused, as nothing would come of it.
 *                         Names that other programs use, too (DEBUG, ABORT, HAVE_MMAP), are not looked at.
 *
 * A number is tested as `NAME + 0`, so that a name defined as nothing counts as 0. Where an option and
 * a switch say the opposite, the compilation ends.
 *
 * What comes of them: switches (STRATA_x); STRATA_HOST_MORECORE, which chooses the host
 * os_morecore.c; defaults of options (ST_x_DEFAULT); and ST_DL_x, which the code asks for.
 */
#ifndef ST_DL_OPTIONS_H
#define ST_DL_OPTIONS_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <stdint.h>

/* ---- is dlmalloc's interface asked for? ---- */

#if defined(STRATA_DLMALLOC) && STRATA_DLMALLOC + 0
#define ST_DL_ASKED 1
#elif defined(STRATA_DL_ONLY_MSPACES) && STRATA_DL_ONLY_MSPACES + 0
#define ST_DL_ASKED 1
#else
#define ST_DL_ASKED 0
#endif

#if !ST_DL_ASKED
#if defined(MSPACES) || defined(ONLY_MSPACES) || defined(USE_DL_PREFIX) || defined(DLMALLOC_EXPORT) ||       \
    defined(DLMALLOC_VERSION) || defined(MALLOC_ALIGNMENT) || defined(MALLOC_INSPECT_ALL) ||                 \
    defined(MALLINFO_FIELD_TYPE) || defined(NO_MALLINFO) || defined(NO_MALLOC_STATS) ||                      \
    defined(HAVE_USR_INCLUDE_MALLOC_H) || defined(STRUCT_MALLINFO_DECLARED) ||                               \
    defined(REALLOC_ZERO_BYTES_FREES)
#error "an option of dlmalloc is set (MSPACES, USE_DL_PREFIX, NO_MALLINFO, ...): add STRATA_DLMALLOC 1"
#endif
#if defined(USE_LOCKS) || defined(USE_SPIN_LOCKS) || defined(USE_RECURSIVE_LOCKS) ||                         \
    defined(LOCK_AT_FORK) || defined(FOOTERS) || defined(INSECURE) || defined(PROCEED_ON_ERROR) ||           \
    defined(CORRUPTION_ERROR_ACTION) || defined(USAGE_ERROR_ACTION) ||                                       \
    defined(ABORT_ON_ASSERT_FAILURE) || defined(MALLOC_FAILURE_ACTION) || defined(USE_DEV_RANDOM) ||         \
    defined(PREACTION) || defined(POSTACTION) || defined(MLOCK_T)
#error "an option of dlmalloc is set (USE_LOCKS, FOOTERS, INSECURE, ...): add STRATA_DLMALLOC 1"
#endif
#if defined(HAVE_MORECORE) || defined(MORECORE) || defined(MORECORE_CONTIGUOUS) ||                           \
    defined(MORECORE_CANNOT_TRIM) || defined(DIRECT_MMAP) || defined(MMAP_CLEARS) ||                         \
    defined(NO_SEGMENT_TRAVERSAL) || defined(DEFAULT_GRANULARITY) || defined(DEFAULT_TRIM_THRESHOLD) ||      \
    defined(DEFAULT_MMAP_THRESHOLD) || defined(MAX_RELEASE_CHECK_RATE) || defined(malloc_getpagesize)
#error "an option of dlmalloc is set (MORECORE, DEFAULT_GRANULARITY, ...): add STRATA_DLMALLOC 1"
#endif
#endif

#if ST_DL_ASKED

/* Words that dlmalloc has ready for the texts of options. */
#ifndef MAX_SIZE_T
#define MAX_SIZE_T (~(size_t)0)
#endif
#ifndef MFAIL
#define MFAIL ((void *)(MAX_SIZE_T))
#endif

/* ---- what is compiled ---- */

#if defined(DLMALLOC_VERSION) && DLMALLOC_VERSION + 0 != 20806
#error "DLMALLOC_VERSION: what is here follows 2.8.6; STRATA_VERSION_NUMBER is strata's own"
#endif

#if defined(ONLY_MSPACES) && ONLY_MSPACES + 0
#if defined(STRATA_DL_ONLY_MSPACES) && !(STRATA_DL_ONLY_MSPACES + 0)
#error "ONLY_MSPACES 1 and STRATA_DL_ONLY_MSPACES 0 contradict each other"
#elif !defined(STRATA_DL_ONLY_MSPACES)
#define STRATA_DL_ONLY_MSPACES 1
#endif
#endif

/* mspaces are heaps: the tiny profile leaves those out unless they are asked for. */
#ifndef STRATA_HEAPS
#define STRATA_HEAPS 1
#endif

#ifdef USE_DL_PREFIX
#if defined(STRATA_DL_PLAIN) && STRATA_DL_PLAIN + 0
#error "USE_DL_PREFIX and STRATA_DL_PLAIN 1 contradict each other: dlmalloc, or malloc?"
#endif
#endif

#if defined(DLMALLOC_EXPORT) && !defined(STRATA_EXPORT)
#define STRATA_EXPORT DLMALLOC_EXPORT
#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wattributes" /* it may say inline, where we say noinline */
#endif
#endif

#if defined(HAVE_USR_INCLUDE_MALLOC_H) && defined(STRATA_OVERRIDE) && STRATA_OVERRIDE + 0
#error "HAVE_USR_INCLUDE_MALLOC_H and STRATA_OVERRIDE 1: the C library's mallinfo would be declared and defined"
#endif

#if defined(NO_MALLINFO) && NO_MALLINFO + 0
#define ST_DL_MALLINFO 0
#else
#define ST_DL_MALLINFO 1
#endif
#if defined(NO_MALLOC_STATS) && NO_MALLOC_STATS + 0
#define ST_DL_MALLOC_STATS 0
#else
#define ST_DL_MALLOC_STATS 1
#endif
#ifdef REALLOC_ZERO_BYTES_FREES
#define ST_DL_REALLOC_FREES 1
#else
#define ST_DL_REALLOC_FREES 0
#endif

/* ---- blocks ---- */

/* 8 is less than two pointers on 64-bit hosts: blocks are aligned to more, then. */
#ifdef MALLOC_ALIGNMENT
#if MALLOC_ALIGNMENT + 0 < 8 || MALLOC_ALIGNMENT + 0 > 128 || (MALLOC_ALIGNMENT & (MALLOC_ALIGNMENT - 1))
#error "MALLOC_ALIGNMENT must be a power of two from 8 to 128, written as a number"
#elif defined(STRATA_ALIGNMENT)
#if STRATA_ALIGNMENT < MALLOC_ALIGNMENT
#error "MALLOC_ALIGNMENT is more than STRATA_ALIGNMENT"
#endif
#elif SIZE_MAX > 0xffffffff && MALLOC_ALIGNMENT < 16
#define STRATA_ALIGNMENT 16
#else
#define STRATA_ALIGNMENT MALLOC_ALIGNMENT
#endif
#endif

/* What footers find, seals find; whose a block is, the page map knows. Heads of 32 bits have no room for a
 * seal: there an overflow is found by tags that contradict each other. */
#if defined(FOOTERS) && FOOTERS + 0
#ifndef STRATA_SEALS
#define STRATA_SEALS (SIZE_MAX > 0xffffffff)
#endif
#ifndef STRATA_PAGEMAP
#define STRATA_PAGEMAP 1
#endif
#if (!STRATA_SEALS && SIZE_MAX > 0xffffffff) || !STRATA_PAGEMAP
#error "FOOTERS 1 needs STRATA_SEALS 1 and STRATA_PAGEMAP 1"
#endif
#define ST_DL_FINDS_OWNER 1 /* whatever mspace is named */
#else
#define ST_DL_FINDS_OWNER 0
#endif

/* ---- mistakes and failure ---- */

#if defined(DEBUG) && DEBUG + 0
#if defined(STRATA_CHECK) && STRATA_CHECK < 3
#error "DEBUG asks for STRATA_CHECK 3, but STRATA_CHECK is less"
#elif !defined(STRATA_CHECK)
#define STRATA_CHECK 3
#endif
#elif defined(INSECURE) && INSECURE + 0
#if defined(STRATA_CHECK) && STRATA_CHECK > 0
#error "INSECURE 1 asks for STRATA_CHECK 0, but STRATA_CHECK is more"
#elif !defined(STRATA_CHECK)
#define STRATA_CHECK 0
#endif
#ifndef STRATA_SEALS
#define STRATA_SEALS 0
#endif
#endif

#if defined(PROCEED_ON_ERROR) && PROCEED_ON_ERROR + 0
#define ST_ON_MISUSE_DEFAULT 1
#endif

/* The two actions follow the sentence. m is no pointer to a state of dlmalloc's: it is NULL. */
#ifdef USAGE_ERROR_ACTION
#define ST_DL_USAGE_ERROR 1
#endif
#ifdef CORRUPTION_ERROR_ACTION
#define ST_DL_CORRUPTION_ERROR 1
#endif

#ifdef ABORT
#define ST_OS_STOP ABORT
#endif
#ifdef MALLOC_FAILURE_ACTION
#define ST_OS_NO_MEMORY MALLOC_FAILURE_ACTION
#endif

/* ---- threads ---- */

#if defined(USE_LOCKS) && USE_LOCKS + 0 > 1
#error "USE_LOCKS > 1: the lock is strata's; how it waits, wakes and yields is the host's (src/os/os.h). Use 1"
#endif
#if defined(USE_RECURSIVE_LOCKS) && USE_RECURSIVE_LOCKS + 0
#error "USE_RECURSIVE_LOCKS: nobody calls back under a lock but an inspector, who must not allocate; remove it"
#endif
#if defined(MLOCK_T) || defined(INITIAL_LOCK) || defined(DESTROY_LOCK) || defined(ACQUIRE_LOCK) ||           \
    defined(RELEASE_LOCK) || defined(TRY_LOCK) || defined(malloc_global_mutex) ||                            \
    defined(ACQUIRE_MALLOC_GLOBAL_LOCK) || defined(RELEASE_MALLOC_GLOBAL_LOCK)
#error "MLOCK_T, ACQUIRE_LOCK and so on: the lock is strata's; how it waits is the host's (src/os/os.h)"
#endif
#if defined(PREACTION) || defined(POSTACTION)
#error "PREACTION, POSTACTION: there is no single lock around a call; wrap the functions instead"
#endif
#if defined(SPINS_PER_YIELD) || defined(SLEEP_EX_DURATION) || defined(SPIN_LOCK_YIELD)
#error "SPINS_PER_YIELD, SLEEP_EX_DURATION, SPIN_LOCK_YIELD: how a lock waits is the host's (src/os/os.h)"
#endif

#if defined(USE_LOCKS) && !(USE_LOCKS + 0)
#if defined(USE_SPIN_LOCKS) && USE_SPIN_LOCKS + 0
#error "USE_LOCKS 0 and USE_SPIN_LOCKS 1 contradict each other"
#endif
#define ST_DL_THREADS 0
#elif defined(USE_LOCKS)
#define ST_DL_THREADS 1
#elif defined(USE_SPIN_LOCKS) && USE_SPIN_LOCKS + 0
#define ST_DL_THREADS 1
#endif
#ifdef ST_DL_THREADS
#ifndef STRATA_THREADS
#define STRATA_THREADS ST_DL_THREADS
#elif STRATA_THREADS != ST_DL_THREADS
#error "USE_LOCKS and STRATA_THREADS contradict each other"
#endif
#endif

/* ---- which host: dlmalloc's has `sbrk`, ours has not unless something is said about it ---- */

#ifdef HAVE_MORECORE
#define ST_DL_HAVE_MORECORE (HAVE_MORECORE + 0)
#elif defined(DARWIN) || defined(_DARWIN) || (defined(ONLY_MSPACES) && ONLY_MSPACES + 0)
#define ST_DL_HAVE_MORECORE 0
#elif defined(MORECORE) || defined(MORECORE_CONTIGUOUS) || defined(MORECORE_CANNOT_TRIM) ||                  \
    (defined(HAVE_MMAP) && !(HAVE_MMAP + 0)) || (defined(STRATA_HOST_MORECORE) && STRATA_HOST_MORECORE)
#define ST_DL_HAVE_MORECORE 1
#else
#define ST_DL_HAVE_MORECORE 0
#endif
#if defined(MORECORE) && !ST_DL_HAVE_MORECORE
#error "MORECORE is given, but HAVE_MORECORE is 0 (as it is by default with ONLY_MSPACES)"
#endif

#if defined(HAVE_MMAP) && !(HAVE_MMAP + 0)
#define ST_DL_HAVE_MMAP 0
#if defined(MMAP) || defined(MUNMAP) || defined(DIRECT_MMAP) || defined(MREMAP)
#error "MMAP, MUNMAP, DIRECT_MMAP or MREMAP is given, but HAVE_MMAP is 0"
#endif
#else
#define ST_DL_HAVE_MMAP 1
#endif
#if defined(MMAP) && !defined(MUNMAP)
#error "MMAP is given without MUNMAP: who takes back what it gave?"
#elif defined(MUNMAP) && !defined(MMAP)
#error "MUNMAP is given without MMAP"
#endif

#ifndef STRATA_HOST_MORECORE
#if ST_DL_HAVE_MORECORE || !ST_DL_HAVE_MMAP || defined(MMAP) || defined(DIRECT_MMAP) || defined(MREMAP) ||   \
    defined(DARWIN) || defined(_DARWIN)
#define STRATA_HOST_MORECORE 1
#else
#define STRATA_HOST_MORECORE 0
#endif
#elif !STRATA_HOST_MORECORE && (ST_DL_HAVE_MORECORE || !ST_DL_HAVE_MMAP || defined(MMAP))
#error "STRATA_HOST_MORECORE 0 contradicts HAVE_MORECORE 1, HAVE_MMAP 0 and MMAP"
#endif

#if !STRATA_HOST_MORECORE
#if defined(WIN32) || defined(_WIN32)
#error "WIN32: strata has no host for it yet; give MMAP and MUNMAP, or MORECORE, or write one (docs/porting.md)"
#endif
#ifdef malloc_getpagesize
#error "malloc_getpagesize: this host asks the system; the option goes with MORECORE, MMAP or DARWIN"
#endif
#endif

#if defined(HAVE_MREMAP) && !(HAVE_MREMAP + 0)
#define ST_DL_HAVE_MREMAP 0
#ifdef MREMAP
#error "MREMAP is given, but HAVE_MREMAP is 0"
#endif
#else
#define ST_DL_HAVE_MREMAP 1
#endif

/* ---- memory from the system ---- */

#if defined(MMAP_CLEARS) && !(MMAP_CLEARS + 0)
#define ST_DL_MMAP_CLEARS 0
#else
#define ST_DL_MMAP_CLEARS 1
#endif
/* Not of 2.8.6: whether new memory of MORECORE reads as zero. What sbrk itself gives does. */
#ifdef MORECORE_CLEARS
#define ST_DL_MORECORE_CLEARS (MORECORE_CLEARS + 0)
#elif defined(MORECORE)
#define ST_DL_MORECORE_CLEARS 0
#else
#define ST_DL_MORECORE_CLEARS 1
#endif
#if defined(MORECORE_CONTIGUOUS) && !(MORECORE_CONTIGUOUS + 0)
#define ST_DL_MORECORE_CONTIGUOUS 0
#else
#define ST_DL_MORECORE_CONTIGUOUS 1
#endif
#if defined(MORECORE_CANNOT_TRIM) || (defined(UNSIGNED_MORECORE) && UNSIGNED_MORECORE + 0)
#define ST_DL_MORECORE_TRIMS 0
#else
#define ST_DL_MORECORE_TRIMS 1
#endif

#if STRATA_HOST_MORECORE
/* Slabs want 64 MiB of address space in one piece, which costs memory here. */
#ifndef STRATA_SLABS
#define STRATA_SLABS 0
#endif
/* Nothing ever goes back. */
#if !ST_DL_MORECORE_TRIMS && !ST_DL_HAVE_MMAP && !defined(STRATA_RETURN)
#define STRATA_RETURN 0
#endif
#endif

#ifdef DEFAULT_GRANULARITY
#define ST_SEGMENT_SIZE_DEFAULT                                                                              \
    ((size_t)(DEFAULT_GRANULARITY) < 64 * ST_KIB ? 64 * ST_KIB : (size_t)(DEFAULT_GRANULARITY))
#elif STRATA_HOST_MORECORE
#define ST_SEGMENT_SIZE_DEFAULT (64 * ST_KIB)
#endif
#ifdef DEFAULT_TRIM_THRESHOLD
#define ST_TRIM_THRESHOLD_DEFAULT ((size_t)(DEFAULT_TRIM_THRESHOLD))
#elif STRATA_HOST_MORECORE && !ST_DL_MORECORE_TRIMS
#define ST_TRIM_THRESHOLD_DEFAULT MAX_SIZE_T
#endif
#ifdef DEFAULT_MMAP_THRESHOLD
#define ST_DIRECT_THRESHOLD_DEFAULT                                                                          \
    ((size_t)(DEFAULT_MMAP_THRESHOLD) < 64 * ST_KIB ? 64 * ST_KIB : (size_t)(DEFAULT_MMAP_THRESHOLD))
#elif !ST_DL_HAVE_MMAP
#define ST_DIRECT_THRESHOLD_DEFAULT SIZE_MAX
#endif

/* Both ask for frees without scans; any other rate is left to purge_delay. */
#if defined(NO_SEGMENT_TRAVERSAL) && NO_SEGMENT_TRAVERSAL + 0
#define ST_PURGE_DELAY_DEFAULT SIZE_MAX
#elif defined(MAX_RELEASE_CHECK_RATE)
#define ST_PURGE_DELAY_DEFAULT ((size_t)(MAX_RELEASE_CHECK_RATE) == SIZE_MAX ? SIZE_MAX : (size_t)1000)
#endif

#endif

/* ---- what is not said ---- */

#ifndef STRATA_HOST_MORECORE
#define STRATA_HOST_MORECORE 0
#elif STRATA_HOST_MORECORE && !ST_DL_ASKED
#error "STRATA_HOST_MORECORE needs STRATA_DLMALLOC 1: its options say where the memory is"
#endif
#ifndef ST_DL_HAVE_MREMAP
#define ST_DL_HAVE_MREMAP 1
#endif
#ifndef ST_DL_USAGE_ERROR
#define ST_DL_USAGE_ERROR 0
#endif
#ifndef ST_DL_CORRUPTION_ERROR
#define ST_DL_CORRUPTION_ERROR 0
#endif

#endif
