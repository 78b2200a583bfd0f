/* SPDX-License-Identifier: MIT-0
 *
 * Linux. System calls are made directly: that works before the C library has been relocated,
 * and leaves errno alone. The little that is asked of the C library (the auxiliary vector, the
 * environment, fork handlers) is asked in functions that start-up order allows.
 */
#include "os/os.h"

#if defined(__linux__) && !STRATA_HOST_MORECORE

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"

/* ---- system calls ---- */

/* The kernel's, whose own headers a C library's compiler may not find (musl-gcc). */
enum { linux_futex_wait = 0, linux_futex_wake = 1, linux_futex_private = 128 };

typedef long linux_word; /* an argument or result; -errno on failure */

#if defined(__x86_64__) && !defined(__ILP32__)
static linux_word linux_call(long number, linux_word a, linux_word b, linux_word c,
                             linux_word d, linux_word e)
{
    linux_word result;
    register linux_word r10 __asm__("r10") = d;
    register linux_word r8 __asm__("r8") = e;
    register linux_word r9 __asm__("r9") = 0; /* mmap's offset */
    __asm__ __volatile__("syscall"
                         : "=a"(result)
                         : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                         : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static linux_word linux_call(long number, linux_word a, linux_word b, linux_word c,
                             linux_word d, linux_word e)
{
    register linux_word x8 __asm__("x8") = number;
    register linux_word x0 __asm__("x0") = a;
    register linux_word x1 __asm__("x1") = b;
    register linux_word x2 __asm__("x2") = c;
    register linux_word x3 __asm__("x3") = d;
    register linux_word x4 __asm__("x4") = e;
    register linux_word x5 __asm__("x5") = 0;
    __asm__ __volatile__("svc 0"
                         : "+r"(x0)
                         : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                         : "memory");
    return x0;
}
#elif defined(__riscv) && __riscv_xlen == 64
static linux_word linux_call(long number, linux_word a, linux_word b, linux_word c,
                             linux_word d, linux_word e)
{
    register linux_word a7 __asm__("a7") = number;
    register linux_word a0 __asm__("a0") = a;
    register linux_word a1 __asm__("a1") = b;
    register linux_word a2 __asm__("a2") = c;
    register linux_word a3 __asm__("a3") = d;
    register linux_word a4 __asm__("a4") = e;
    register linux_word a5 __asm__("a5") = 0;
    __asm__ __volatile__("ecall"
                         : "+r"(a0)
                         : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                         : "memory");
    return a0;
}
#else
/* Elsewhere the C library calls, and we put errno back. */
static linux_word linux_call(long number, linux_word a, linux_word b, linux_word c,
                             linux_word d, linux_word e)
{
    int saved = errno;
    linux_word result = syscall(number, a, b, c, d, e, 0L);
    if (result == -1) result = -errno;
    errno = saved;
    return result;
}
#endif

/* 32-bit hosts count mmap's offset in pages, under another name. It is 0 here either way. */
#if defined(SYS_mmap2)
#define LINUX_MMAP SYS_mmap2
#else
#define LINUX_MMAP SYS_mmap
#endif

static bool linux_failed(linux_word result)
{
    return (unsigned long)result > (unsigned long)-4096;
}

/* New private memory, or NULL. The thread sanitizer learns that memory has new owners only from
 * the C library's own call. */
static void *linux_mmap(void *addr, size_t size, int protection, int flags)
{
    if (ST_THREAD_SANITIZER) {
        int saved = errno;
        void *got = mmap(addr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
        errno = saved;
        return got == MAP_FAILED ? NULL : got;
    }
    linux_word result =
        linux_call(LINUX_MMAP, (linux_word)addr, (linux_word)size, protection,
                   MAP_PRIVATE | MAP_ANONYMOUS | flags, -1);
    return linux_failed(result) ? NULL : (void *)result;
}

static bool linux_munmap(void *addr, size_t size)
{
    return linux_call(SYS_munmap, (linux_word)addr, (linux_word)size, 0, 0, 0) == 0;
}

/* ---- facts ---- */

/* The largest that hosts have: what holds for it, holds for smaller ones. */
#define LINUX_PAGE_SIZE_MAX (64 * ST_KIB)

static struct {
    ST_ATOMIC(size_t) page_size; /* set at start */
} linux_state = {LINUX_PAGE_SIZE_MAX};

ST_DEFINE_DATA ST_ATOMIC(bool) st_os_started_flag;

void st_os_start(void)
{
    size_t page_size = getauxval(AT_PAGESZ);
    /* relaxed: either value is right for whoever reads it. */
    if (st_is_power_of_two(page_size)) st_store_relaxed(&linux_state.page_size, page_size);
    /* relaxed: what it allows has been ready before any of our code ran as a constructor. */
    st_store_relaxed(&st_os_started_flag, true);
}

size_t st_os_page_size(void)
{
    return st_load_relaxed(&linux_state.page_size); /* relaxed: as in st_os_start. */
}

bool st_os_is_privileged(void)
{
    return getauxval(AT_SECURE) != 0;
}

/* ---- address space ---- */

/* Cuts what is not needed off a range that was taken too large in order to find `size` bytes
 * at a multiple of `alignment` in it. */
static void *linux_cut(void *taken, size_t taken_size, size_t size, size_t alignment)
{
    size_t below = st_round_up(st_addr(taken), alignment) - st_addr(taken);
    size_t above = taken_size - below - size;
    char *addr = st_at(taken, below);
    if (below > 0) linux_munmap(taken, below);
    if (above > 0) linux_munmap(addr + size, above);
    return addr;
}

static ST_COLD void *linux_take(size_t size, size_t alignment, int protection)
{
    int flags = protection == PROT_NONE ? MAP_NORESERVE : 0;
    void *addr = linux_mmap(NULL, size, protection, flags);
    if (addr == NULL || st_is_aligned(addr, alignment)) return addr;
    linux_munmap(addr, size);
    size_t larger; /* by all of `alignment`: before the start we don't know the page size yet */
    if (st_add_overflows(size, alignment, &larger)) return NULL;
    addr = linux_mmap(NULL, larger, protection, flags);
    return addr == NULL ? NULL : linux_cut(addr, larger, size, alignment);
}

void *st_os_reserve(size_t size, size_t alignment)
{
    return linux_take(size, alignment, PROT_NONE);
}

void *st_os_map(size_t size, size_t alignment)
{
    return linux_take(size, alignment, PROT_READ | PROT_WRITE);
}

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

bool st_os_reserve_at(void *addr, size_t size)
{
    /* Kernels before 4.17 don't know the flag and take the address as a hint. */
    void *got = linux_mmap(addr, size, PROT_NONE, MAP_NORESERVE | MAP_FIXED_NOREPLACE);
    if (got == addr) return true;
    if (got != NULL) linux_munmap(got, size);
    return false;
}

bool st_os_commit(void *addr, size_t size)
{
    return linux_call(SYS_mprotect, (linux_word)addr, (linux_word)size, PROT_READ | PROT_WRITE,
                      0, 0) == 0;
}

bool st_os_decommit(void *addr, size_t size)
{
    return linux_mmap(addr, size, PROT_NONE, MAP_FIXED | MAP_NORESERVE) == addr;
}

bool st_os_purge(void *addr, size_t size)
{
    /* DONTNEED, not FREE: the pages leave the process at once, where people look. */
    return linux_call(SYS_madvise, (linux_word)addr, (linux_word)size, MADV_DONTNEED, 0, 0) == 0;
}

bool st_os_release(void *addr, size_t size)
{
    return linux_munmap(addr, size);
}

bool st_os_resize(void *addr, size_t old_size, size_t new_size)
{
    if (!ST_DL_HAVE_MREMAP) return false;
    return !linux_failed(linux_call(SYS_mremap, (linux_word)addr, (linux_word)old_size,
                                    (linux_word)new_size, 0, 0));
}

bool st_os_move(void *addr, size_t old_size, size_t new_size, void *target)
{
    /* A given target, since MREMAP_MAYMOVE alone would lose the alignment. */
    linux_word result = !ST_DL_HAVE_MREMAP ? -ENOSYS
                      : linux_call(SYS_mremap, (linux_word)addr, (linux_word)old_size,
                                   (linux_word)new_size, MREMAP_MAYMOVE | MREMAP_FIXED,
                                   (linux_word)target);
    if (!linux_failed(result)) return true;
    /* Older kernels unmap the target first and may fail later, when it may be anybody's already.
     * So it is given back only if it is free, and can be taken again; otherwise, if it is still
     * ours, some address space is lost, but no memory. */
    if (st_os_reserve_at(target, new_size)) linux_munmap(target, new_size);
    return false;
}

/* The kernel takes 80 bytes, printable ones but for five that /proc/PID/maps means something by. Kernels
 * before 5.17, or without the option CONFIG_ANON_VMA_NAME, refuse. */
#define LINUX_NAME_MAX 80
#define LINUX_PR_SET_VMA 0x53564d41
#define LINUX_PR_SET_VMA_ANON_NAME 0

static bool linux_may_name(char letter)
{
    if (letter == '[' || letter == ']' || letter == '\\' || letter == '$' || letter == '`') return false;
    return letter >= ' ' && letter <= '~';
}

void st_os_name(void *addr, size_t size, const char *name)
{
    char text[LINUX_NAME_MAX] = "strata:";
    for (size_t at = sizeof "strata:" - 1; *name != '\0' && at < sizeof text - 1; name++, at++)
        text[at] = linux_may_name(*name) ? *name : '_';
    linux_call(SYS_prctl, LINUX_PR_SET_VMA, LINUX_PR_SET_VMA_ANON_NAME, (linux_word)addr, (linux_word)size,
               (linux_word)text);
}

/* ---- threads ---- */

#if STRATA_DLOPEN >= 2
size_t st_os_thread(void) { return (size_t)pthread_self(); }
#endif

void st_os_wait(ST_ATOMIC(uint32_t) *word, uint32_t expected)
{
    linux_call(SYS_futex, (linux_word)word, linux_futex_wait | linux_futex_private, (linux_word)expected, 0, 0);
}

void st_os_wake(ST_ATOMIC(uint32_t) *word)
{
    linux_call(SYS_futex, (linux_word)word, linux_futex_wake | linux_futex_private, 1, 0, 0);
}

void st_os_yield(void)
{
    linux_call(SYS_sched_yield, 0, 0, 0, 0, 0);
}

/* The key's destructor runs for threads in which its value is not NULL. */
static struct {
    pthread_key_t key;
    ST_ATOMIC(bool) has_key; /* set at program start, and unset at its end */
    void (*ended)(void);
} linux_threads;

static void linux_thread_ends(void *value)
{
    (void)value;
    linux_threads.ended();
}

bool st_os_at_thread_end(void (*ended)(void))
{
    /* relaxed: the key is made before there is a second thread, and at the end of the program who sees
     * it a little longer is refused by the C library. */
    bool has_key = st_load_relaxed(&linux_threads.has_key);
    if (ended == NULL) {
        if (has_key) pthread_key_delete(linux_threads.key);
        has_key = false;
    } else {
        linux_threads.ended = ended;
        has_key = pthread_key_create(&linux_threads.key, linux_thread_ends) == 0;
    }
    st_store_relaxed(&linux_threads.has_key, has_key); /* relaxed: as above. */
    return has_key;
}

bool st_os_watch_thread(void)
{
    /* relaxed: as above. */
    return st_load_relaxed(&linux_threads.has_key) &&
           pthread_setspecific(linux_threads.key, &linux_threads) == 0;
}

void st_os_at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
#if STRATA_THREADS
    pthread_atfork(prepare, parent, child);
#else
    (void)prepare;
    (void)parent;
    (void)child;
#endif
}

/* ---- the rest ---- */

uint32_t st_os_clock(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now); /* answered without a system call */
    return (uint32_t)((uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000) | 1;
}


size_t st_os_entropy(void)
{
    /* Where the kernel put our stack and our data differs from run to run. Later on there are
     * also the 16 random bytes that it hands to every program; the first word of them serves
     * the C library's stack guard, so we take the second. */
    size_t word = st_addr(&word) ^ (st_addr(&linux_state) << 12);
    if (!st_os_is_started()) {
        word ^= st_os_process_id() * (size_t)0x9e3779b1u;
    } else {
        const void *random = (const void *)getauxval(AT_RANDOM);
        size_t secret = 0;
        if (random != NULL) st_copy(&secret, st_at(random, 8), sizeof secret);
        word ^= secret;
    }
    return word;
}

void st_os_write(int descriptor, const char *bytes, size_t size)
{
    while (size > 0) {
        linux_word written = linux_call(SYS_write, descriptor, (linux_word)bytes,
                                        (linux_word)size, 0, 0);
        if (written == -EINTR) continue;
        if (written <= 0) return;
        bytes += written;
        size -= (size_t)written;
    }
}

static int linux_open(const char *path, int flags)
{
    return (int)linux_call(SYS_openat, AT_FDCWD, (linux_word)path, flags | O_CLOEXEC, 0600, 0);
}

void st_os_append(const char *path, const char *bytes, size_t size)
{
    int descriptor = linux_open(path, O_WRONLY | O_APPEND | O_CREAT);
    if (descriptor < 0) return;
    st_os_write(descriptor, bytes, size);
    linux_call(SYS_close, descriptor, 0, 0, 0, 0);
}

/* Reads the beginning of a file; the number of bytes, 0 if it can't be read. */
static size_t linux_read_file(const char *path, char *bytes, size_t size)
{
    int descriptor = linux_open(path, O_RDONLY);
    if (descriptor < 0) return 0;
    linux_word count =
        linux_call(SYS_read, descriptor, (linux_word)bytes, (linux_word)size, 0, 0);
    linux_call(SYS_close, descriptor, 0, 0, 0, 0);
    return count > 0 ? (size_t)count : 0;
}

const char *st_os_environment(const char *name)
{
    return environ == NULL ? NULL : getenv(name);
}

void st_os_program_name(char *name, size_t size)
{
    size_t count = linux_read_file("/proc/self/comm", name, size - 1);
    if (count > 0 && name[count - 1] == '\n') count--;
    name[count] = '\0';
}

size_t st_os_process_id(void)
{
    return (size_t)linux_call(SYS_getpid, 0, 0, 0, 0, 0);
}

void st_os_stop(void)
{
    ST_OS_STOP;
}

/* The number after `key` in /proc/self/status, which is in KiB there; 0 if it is not there. */
static size_t linux_status_value(const char *status, size_t size, const char *key)
{
    for (size_t at = 0; at < size; at++) {
        size_t matched = 0;
        while (key[matched] != '\0' && at + matched < size && status[at + matched] == key[matched])
            matched++;
        if (key[matched] != '\0') continue;
        size_t value = 0;
        for (at += matched; at < size && status[at] != '\n'; at++) {
            if (status[at] >= '0' && status[at] <= '9')
                value = 10 * value + (size_t)(status[at] - '0');
        }
        return value * ST_KIB;
    }
    return 0;
}

void st_os_resident(size_t *peak, size_t *current)
{
    char status[4096];
    size_t size = linux_read_file("/proc/self/status", status, sizeof status);
    *peak = linux_status_value(status, size, "VmHWM:");
    *current = linux_status_value(status, size, "VmRSS:");
}

void st_os_set_error(int code)
{
    /* errno is thread-local: there is none before the start. */
    if (!st_os_is_started()) return;
    if (code == ENOMEM) {
        ST_OS_NO_MEMORY;
    } else {
        errno = code;
    }
}

int st_os_code_no_memory(void) { return ENOMEM; }
int st_os_code_bad_argument(void) { return EINVAL; }

#endif
