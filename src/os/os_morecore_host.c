/* SPDX-License-Identifier: MIT-0
 *
 * What the host over MORECORE and MMAP has besides memory: facts, waiting, the time, messages, errno, and all
 * that it can't do. There may be no operating system below: each header is included unless a LACKS_ option
 * says that it does not exist, and what needs it then does nothing.
 *
 * Proved by test/options/options.py, with each of these options and with all of them.
 */
#include "os/os_morecore.h"

#if STRATA_HOST_MORECORE

#ifndef LACKS_ERRNO_H
#include <errno.h>
#endif
#ifndef LACKS_FCNTL_H
#include <fcntl.h>
#endif
#ifndef LACKS_STDLIB_H
#include <stdlib.h>
#endif
#ifndef LACKS_TIME_H
#include <time.h>
#endif
#ifndef LACKS_UNISTD_H
#include <unistd.h>
#endif
#if STRATA_THREADS && !defined(LACKS_SCHED_H)
#include <sched.h>
#endif
#if defined(__linux__) && !defined(LACKS_UNISTD_H)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

#include "base/bits.h"

/* ---- what the options leave open ---- */

#ifdef LACKS_ERRNO_H
static int morecore_code;
#define MORECORE_ERRNO morecore_code
#define MORECORE_NO_MEMORY 12
#define MORECORE_BAD_ARGUMENT 22
#else
#define MORECORE_ERRNO errno
#define MORECORE_NO_MEMORY ENOMEM
#define MORECORE_BAD_ARGUMENT EINVAL
#endif

#ifdef malloc_getpagesize
#define MORECORE_PAGE_SIZE ((size_t)(malloc_getpagesize))
#elif defined(_SC_PAGESIZE) && !defined(LACKS_UNISTD_H)
#define MORECORE_PAGE_SIZE ((size_t)sysconf(_SC_PAGESIZE))
#else
#define MORECORE_PAGE_SIZE ((size_t)4096)
#endif

/* ---- errno ---- */

int st_morecore_save(void) { return st_os_is_started() ? MORECORE_ERRNO : 0; }
void st_morecore_restore(int code)
{
    if (st_os_is_started()) MORECORE_ERRNO = code;
}

void st_os_set_error(int code)
{
    if (!st_os_is_started()) return;
    if (code != MORECORE_NO_MEMORY) {
        MORECORE_ERRNO = code;
        return;
    }
#if !defined(LACKS_ERRNO_H) || defined(MALLOC_FAILURE_ACTION)
    ST_OS_NO_MEMORY;
#endif
}

int st_os_code_no_memory(void) { return MORECORE_NO_MEMORY; }
int st_os_code_bad_argument(void) { return MORECORE_BAD_ARGUMENT; }

/* ---- facts ---- */

#if defined(__GNUC__)
ST_DEFINE_DATA ST_ATOMIC(bool) st_os_started_flag;
#else
ST_DEFINE_DATA ST_ATOMIC(bool) st_os_started_flag = true; /* there is no constructor to set it */
#endif

void st_os_start(void)
{
    st_store_relaxed(&st_os_started_flag, true); /* relaxed: nothing depends on who sees it when. */
}

static ST_ATOMIC(size_t) morecore_page_size;

/* Asked for once; before the start it is the largest that hosts have. */
size_t st_os_page_size(void)
{
    size_t known = st_load_relaxed(&morecore_page_size); /* relaxed: all find the same. */
    if (known != 0) return known;
    if (!st_os_is_started()) return ST_MORECORE_PAGE_MAX;
    known = MORECORE_PAGE_SIZE;
    if (!st_is_power_of_two(known) || known > ST_MORECORE_PAGE_MAX) known = ST_MORECORE_PAGE_MAX;
    st_store_relaxed(&morecore_page_size, known); /* relaxed: as above. */
    return known;
}

bool st_os_is_privileged(void)
{
#ifndef LACKS_UNISTD_H
    return getuid() != geteuid() || getgid() != getegid();
#else
    return false;
#endif
}

/* ---- memory that is there from the start ---- */

/* What is reserved is there, and zero. */
bool st_os_commit(void *addr, size_t size)
{
    (void)addr;
    (void)size;
    return true;
}

bool st_os_decommit(void *addr, size_t size)
{
    (void)addr;
    (void)size;
    return false;
}

bool st_os_purge(void *addr, size_t size)
{
    (void)addr;
    (void)size;
    return false;
}

void st_os_name(void *addr, size_t size, const char *name)
{
    (void)addr;
    (void)size;
    (void)name;
}

/* ---- threads ---- */

void st_os_wait(ST_ATOMIC(uint32_t) *word, uint32_t expected)
{
#ifdef SYS_futex
    int code = st_morecore_save();
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL);
    st_morecore_restore(code);
#else
    (void)word;
    (void)expected;
    st_os_yield();
#endif
}

void st_os_wake(ST_ATOMIC(uint32_t) *word)
{
#ifdef SYS_futex
    int code = st_morecore_save();
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
    st_morecore_restore(code);
#else
    (void)word;
#endif
}

void st_os_yield(void)
{
#if STRATA_THREADS && !defined(LACKS_SCHED_H)
    sched_yield();
#endif
}

bool st_os_at_thread_end(void (*ended)(void))
{
    (void)ended;
    return false;
}

bool st_os_watch_thread(void) { return false; }

/* ---- the rest ---- */

uint32_t st_os_clock(void)
{
#if defined(CLOCK_MONOTONIC) && !defined(LACKS_TIME_H)
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000) | 1;
#else
    return 1;
#endif
}

/* Addresses differ from run to run on most systems, and the time does. */
size_t st_os_entropy(void)
{
    size_t word = st_addr(&word) ^ (st_addr(&st_os_started_flag) << 12);
#if defined(USE_DEV_RANDOM) && USE_DEV_RANDOM + 0 && !defined(LACKS_FCNTL_H)
    size_t random = 0;
    int descriptor = st_os_is_started() ? open("/dev/urandom", O_RDONLY) : -1;
    if (descriptor >= 0) {
        if (read(descriptor, &random, sizeof random) == (ssize_t)sizeof random) word ^= random;
        close(descriptor);
    }
#endif
#ifndef LACKS_TIME_H
    struct timespec now = {0};
    if (st_os_is_started() && timespec_get(&now, TIME_UTC) != 0)
        word ^= ((size_t)now.tv_sec ^ (size_t)now.tv_nsec) * (size_t)0x9e3779b1u;
#endif
    return word;
}

void st_os_write(int descriptor, const char *bytes, size_t size)
{
#ifndef LACKS_UNISTD_H
    int code = st_morecore_save();
    while (size > 0) {
        ssize_t written = write(descriptor, bytes, size);
        if (written <= 0) break;
        bytes += written;
        size -= (size_t)written;
    }
    st_morecore_restore(code);
#else
    (void)descriptor;
    (void)bytes;
    (void)size;
#endif
}

void st_os_append(const char *path, const char *bytes, size_t size)
{
#if !defined(LACKS_UNISTD_H) && !defined(LACKS_FCNTL_H)
    int code = st_morecore_save();
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (descriptor >= 0) {
        st_os_write(descriptor, bytes, size);
        close(descriptor);
    }
    st_morecore_restore(code);
#else
    (void)path;
    (void)bytes;
    (void)size;
#endif
}

const char *st_os_environment(const char *name)
{
#ifndef LACKS_STDLIB_H
    return getenv(name);
#else
    (void)name;
    return NULL;
#endif
}

void st_os_program_name(char *name, size_t size)
{
    if (size > 0) name[0] = '\0';
}

size_t st_os_process_id(void)
{
#ifndef LACKS_UNISTD_H
    return (size_t)getpid();
#else
    return 0;
#endif
}

#if defined(LACKS_STDLIB_H) && !defined(ABORT)
void st_os_stop(void) {} /* st_base_stop has a way of its own */
#else
void st_os_stop(void) { ST_OS_STOP; }
#endif

void st_os_resident(size_t *peak, size_t *current) { *peak = *current = 0; }

#endif
