/* SPDX-License-Identifier: MIT-0
 *
 * The contract between strata and its host, on one page. A host is one file that defines these
 * functions (os_linux.c; test/fake/os_fake.c for tests); nothing else in strata knows which
 * host it is on, only the facts below.
 *
 * Of all functions here: addresses and sizes are multiples of the page size unless said;
 * failure is a return value; nothing aborts, prints, allocates from strata or changes errno
 * unless that is its purpose; any thread may call at any time, also before the C library is
 * ready.
 *
 * The states of a byte of address space, and who moves it:
 *
 *          reserve              commit              purge
 *   (none) -------> reserved ----------> committed -------> committed
 *     ^               |  ^                  |  |              (bytes as the result says)
 *     |    release    |  |     decommit     |  |
 *     +---------------+  +------------------+  |
 *     +-------------- release -----------------+
 *
 *   reserved    nobody else gets the addresses; touching them is a fault; costs no memory.
 *   committed   may be read and written; costs memory once touched. Newly committed bytes are
 *               zero, also after decommit and commit again.
 */
#ifndef ST_OS_H
#define ST_OS_H

#include "base/atomic.h"

/* Texts that a program may have given (base/dl_options.h): how the process ends, and what is done when
 * there is no memory. */
#ifndef ST_OS_STOP
#define ST_OS_STOP abort()
#endif
#ifndef ST_OS_NO_MEMORY
#define ST_OS_NO_MEMORY errno = ENOMEM
#endif

/* ---- start ---- */

/* True from program start on, when the dynamic linker has finished and thread-local storage and
 * the C library work. Before that an IFUNC resolver or the dynamic linker itself may call us:
 * then nothing outside of strata may be called or read. Set once by st_os_start. */
ST_DECLARE_DATA ST_ATOMIC(bool) st_os_started_flag;
ST_ALWAYS_INLINE bool st_os_is_started(void)
{
    /* relaxed: an old value only makes us do without what we could have. */
    return st_load_relaxed(&st_os_started_flag);
}

/* Says that the program has started: called by the first constructor. */
ST_INTERNAL void st_os_start(void);

/* ---- facts ---- */

/* Size of the host's pages in bytes, a power of two; read at run time. Before the start, the
 * largest that hosts have (64 KiB). */
ST_INTERNAL size_t st_os_page_size(void);

/* True if the program runs with more rights than its caller (set-user-ID and the like), so that
 * its environment is not to be trusted. */
ST_INTERNAL bool st_os_is_privileged(void);

/* True if it is certain that the process has one thread now. */
ST_ALWAYS_INLINE bool st_os_is_single_threaded(void);

/* ---- address space ---- */

/* Takes `size` bytes of address space aligned to `alignment` (a power of two, at least the page
 * size). NULL if there is none. */
ST_INTERNAL void *st_os_reserve(size_t size, size_t alignment);

/* Takes exactly the addresses [addr, addr + size). False if they are not all free. */
ST_INTERNAL bool st_os_reserve_at(void *addr, size_t size);

/* reserve and commit in one step: fresh zero bytes, or NULL. */
ST_INTERNAL void *st_os_map(size_t size, size_t alignment);

/* Makes reserved bytes usable. False if the host has no memory; the state is then unchanged. */
ST_INTERNAL bool st_os_commit(void *addr, size_t size);

/* Gives the memory behind committed bytes back and makes them reserved again. False if the host
 * can't: they then stay committed with their contents. */
ST_INTERNAL bool st_os_decommit(void *addr, size_t size);

/* Gives the memory behind committed bytes back; they stay committed. True if they read as zero
 * from now on; false if the host did nothing. */
ST_INTERNAL bool st_os_purge(void *addr, size_t size);

/* Returns address space, committed or reserved. The range may be part of what was taken. False
 * if the host refuses (out of mappings): the range then stays as it was. */
ST_INTERNAL bool st_os_release(void *addr, size_t size);

/* 1 if address space costs memory as soon as it is reserved, as where MORECORE gives it: then none is
 * reserved for later. */
#define ST_OS_RESERVE_COSTS STRATA_HOST_MORECORE

/* Resizes a committed range taken by st_os_map in place. Bytes beyond the old size are zero.
 * False, and no change, if the host can't. */
ST_INTERNAL bool st_os_resize(void *addr, size_t old_size, size_t new_size);

/* Moves a committed range taken by st_os_map, without copying, onto the reserved range of
 * new_size bytes at `target`, which becomes committed; bytes beyond the old size are zero; the
 * old addresses are given back. False if the host can't: what is at `addr` has not changed, and
 * the addresses at `target` are no longer the caller's. */
ST_INTERNAL bool st_os_move(void *addr, size_t old_size, size_t new_size, void *target);

/* Where the host lists the process's memory it calls this range so from now on, if it can. */
ST_INTERNAL void st_os_name(void *addr, size_t size, const char *name);

/* ---- threads ---- */

#if STRATA_DLOPEN >= 2
/* A number that no other thread has now, never 0. */
ST_INTERNAL size_t st_os_thread(void);
#endif

/* Sleeps while *word is `expected`; may also return early. Does nothing where nobody can wake. */
ST_INTERNAL void st_os_wait(ST_ATOMIC(uint32_t) *word, uint32_t expected);

/* Wakes one thread that sleeps on *word. */
ST_INTERNAL void st_os_wake(ST_ATOMIC(uint32_t) *word);

/* Lets another thread run. */
ST_INTERNAL void st_os_yield(void);

/* Has `ended` called in each thread that ends after it called st_os_watch_thread; perhaps before
 * other handlers of its end, which may allocate and free. False if the host can't. Called once, at
 * program start; and with NULL when strata ends, perhaps before the program does: then no end is told
 * any more. */
ST_INTERNAL bool st_os_at_thread_end(void (*ended)(void));

/* From now on the end of the calling thread is told. False if it can't be. May allocate from
 * strata. */
ST_INTERNAL bool st_os_watch_thread(void);

/* Has the C library call these around every fork: `prepare` before it in the parent, `parent`
 * and `child` after it. Called once, at program start. */
ST_INTERNAL void st_os_at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void));

/* ---- the process's other allocators ---- */

typedef struct st_os_other {
    void (*free)(void *mem);
    void *(*realloc)(void *mem, size_t req); /* NULL if it has none; so the next one */
    size_t (*usable)(void *mem);
} st_os_other;

/* Who may have given out a pointer that is none of strata's. At `depth` 0 the allocator that the whole
 * process uses, if that is not strata; else, and at depth 1, which is when the first one has asked strata
 * in turn, the one that the process would use if strata were not there. False if there is none, or it
 * has not given out anything. After the start. (os_foreign.c) */
ST_INTERNAL bool st_os_other_allocator(unsigned depth, st_os_other *other);

/* ---- the rest ---- */

/* Milliseconds since some moment, never 0; coarse, and wraps around. */
ST_INTERNAL uint32_t st_os_clock(void);

/* A word that differs between processes and can't be guessed; 0 is possible. */
ST_INTERNAL size_t st_os_entropy(void);

/* Writes `size` bytes (any size) to a file descriptor; where there is none, wherever messages
 * go. What can't be written is lost. */
ST_INTERNAL void st_os_write(int descriptor, const char *bytes, size_t size);

/* Appends `size` bytes (any size) to the file at `path`, made if missing, in one piece. What
 * can't be written is lost. */
ST_INTERNAL void st_os_append(const char *path, const char *bytes, size_t size);

/* The value of an environment variable, or NULL; NULL, too, before the environment is there. */
ST_INTERNAL const char *st_os_environment(const char *name);

/* Stores the program's short name in `name`, cut to `size` bytes with the closing 0. May open
 * files: only for reports that the user asked for. */
ST_INTERNAL void st_os_program_name(char *name, size_t size);

/* The number of this process. */
ST_INTERNAL size_t st_os_process_id(void);

/* Ends the process at once, in a way that a debugger or a core dump shows. */
ST_INTERNAL void st_os_stop(void);

/* Most memory the process ever had resident, and has now, in bytes; 0 if the host can't tell.
 * May open files: only for reports that the user asked for. */
ST_INTERNAL void st_os_resident(size_t *peak, size_t *current);

/* Sets the calling thread's errno, where there is one, to a code of the host. */
ST_INTERNAL void st_os_set_error(int code);

/* The host's code for "no memory" and for "bad argument", as functions that return one do. */
ST_INTERNAL int st_os_code_no_memory(void);
ST_INTERNAL int st_os_code_bad_argument(void);

/* ---- inline parts of the contract ---- */

#if STRATA_THREADS && defined(__linux__)
/* glibc's own word on the matter; absent elsewhere, and NULL until the dynamic linker has
 * looked it up, which both mean "not certain". */
extern char __libc_single_threaded ST_WEAK;
#endif

ST_ALWAYS_INLINE bool st_os_is_single_threaded(void)
{
#if !STRATA_THREADS
    return true;
#elif defined(__linux__)
    return &__libc_single_threaded != NULL && __libc_single_threaded;
#else
    return false;
#endif
}

#endif
