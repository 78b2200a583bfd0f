/* SPDX-License-Identifier: MIT-0
 *
 * Whether a call is recorded. What happens at the first call of a process, in this order:
 *
 *   1 the loader has not come to us yet (an IFUNC resolver allocates): the arena serves
 *   2 the next allocator is looked up; what that allocates comes from the arena
 *   3 the environment is read, once; children begin with what their parent read
 *   4 the gate is made: a page that fork wipes
 *   5 under the gate's lock, the recording of this process begins
 *
 * In a child made by fork the gate is zero, so its first call comes here again, for step 5.
 */
#define _GNU_SOURCE
#include "record.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#define RECORD_RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RECORD_RELAX() __asm__ volatile("yield")
#else
#define RECORD_RELAX() ((void)0)
#endif

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

enum { record_lock_spins = 100, record_directory_max = 3800 };

_Atomic(record_gate *) record_gate_here;
_Thread_local record_thread record_this_thread __attribute__((tls_model("initial-exec")));

static struct {
    _Atomic(uint32_t) lock; /* guards the steps 2 to 4 */
    bool is_set_up;
    record_settings settings;
    char directory[record_directory_max];
    record_gate nothing; /* the gate of a process that is not to be recorded */
} record_gate_state = {.nothing = {record_way_pass, 0}};

/* Not NULL once the loader has relocated this library. */
static const void *const volatile record_gate_relocated = &record_gate_state;

/* ---- the lock ---- */

static void record_lock_futex(_Atomic(uint32_t) *lock, int operation, uint32_t value)
{
    syscall(SYS_futex, lock, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

void record_lock_wait(_Atomic(uint32_t) *lock)
{
    const int error = errno;
    for (int round = 0; round < record_lock_spins; round++) {
        uint32_t expected = 0;
        RECORD_RELAX();
        if (atomic_load_explicit(lock, memory_order_relaxed) != 0) continue;
        if (atomic_compare_exchange_strong_explicit(lock, &expected, 1, memory_order_acquire,
                                                    memory_order_relaxed)) {
            return;
        }
    }
    /* A 2 is left, so that whoever drops the lock wakes somebody: perhaps in vain. */
    while (atomic_exchange_explicit(lock, 2, memory_order_acquire) != 0) {
        record_lock_futex(lock, FUTEX_WAIT, 2);
    }
    errno = error;
}

void record_lock_wake(_Atomic(uint32_t) *lock)
{
    const int error = errno;
    record_lock_futex(lock, FUTEX_WAKE, 1);
    errno = error;
}

/* ---- the environment ---- */

static uint64_t record_gate_parse_limit(const char *text)
{
    uint64_t limit = 0;
    if (text == NULL) return UINT64_MAX;
    for (; *text >= '0' && *text <= '9'; text++) limit = limit * 10 + (uint64_t)(*text - '0');
    return limit;
}

/* False if it is too early to know. */
static bool record_gate_read_environment(void)
{
    if (environ == NULL) return false;
    record_settings *settings = &record_gate_state.settings;
    const char *directory = getenv("STRATA_RECORD_DIRECTORY");
    if (directory == NULL || strlen(directory) >= record_directory_max) return true;
    /* Our copy: the program may change its environment. */
    strcpy(record_gate_state.directory, directory);
    settings->directory = record_gate_state.directory;
    settings->limit = record_gate_parse_limit(getenv("STRATA_RECORD_LIMIT"));
    settings->with_times = getenv("STRATA_RECORD_TIMES") != NULL;
    settings->is_asked_for = true;
    record_say_prepare();
    return true;
}

/* ---- the gate ---- */

/* Where the kernel wipes no pages: in children made by fork(), but not by _Fork or clone. */
static void record_gate_wipe(void)
{
    record_gate *gate = atomic_load_explicit(&record_gate_here, memory_order_relaxed);
    atomic_store_explicit(&gate->lock, 0, memory_order_relaxed);
    atomic_store_explicit(&gate->mode, record_way_unknown, memory_order_relaxed);
    record_this_thread.is_inside = false;
}

static record_gate *record_gate_make(void)
{
    const size_t size = (size_t)sysconf(_SC_PAGESIZE);
    if (!record_gate_state.settings.is_asked_for) return &record_gate_state.nothing;
    void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) {
        record_say(record_gate_state.directory, "can't be used", ENOMEM, "is not recorded");
        return &record_gate_state.nothing;
    }
    if (madvise(page, size, MADV_WIPEONFORK) != 0) {
        pthread_atfork(NULL, NULL, record_gate_wipe);
    }
    return page;
}

/* Steps 2 to 4; false if it is too early for the third. */
static bool record_gate_set_up(void)
{
    if (!record_next_is_known()) record_next_find();
    if (record_gate_state.is_set_up) return true;
    if (!record_gate_read_environment()) return false;
    record_gate_state.is_set_up = true;
    /* release: the page, the settings and the next allocator can be used. */
    atomic_store_explicit(&record_gate_here, record_gate_make(), memory_order_release);
    return true;
}

/* Step 5. */
static record_way record_gate_begin(void)
{
    record_gate *gate = atomic_load_explicit(&record_gate_here, memory_order_relaxed);
    record_lock_take(&gate->lock);
    if (atomic_load_explicit(&gate->mode, memory_order_relaxed) == record_way_unknown) {
        const bool is_on = record_start(&record_gate_state.settings);
        atomic_store_explicit(&gate->mode, is_on ? record_way_on : record_way_pass,
                              memory_order_relaxed);
    }
    const uint32_t mode = atomic_load_explicit(&gate->mode, memory_order_relaxed);
    record_lock_drop(&gate->lock);
    return (record_way)mode;
}

record_way record_enter_slowly(void)
{
    if (record_gate_relocated == NULL) return record_way_arena;
    if (record_this_thread.is_inside) {
        return record_next_is_known() ? record_way_pass : record_way_arena;
    }
    const int error = errno;
    record_this_thread.is_inside = true;
    bool is_set_up = true;
    if (atomic_load_explicit(&record_gate_here, memory_order_acquire) == NULL) {
        record_lock_take(&record_gate_state.lock);
        is_set_up = record_gate_set_up();
        record_lock_drop(&record_gate_state.lock);
    }
    const record_way way = is_set_up ? record_gate_begin() : record_way_pass;
    record_this_thread.is_inside = false;
    errno = error;
    return way;
}

void record_close_gate(void)
{
    record_gate *gate = atomic_load_explicit(&record_gate_here, memory_order_relaxed);
    atomic_store_explicit(&gate->mode, record_way_pass, memory_order_relaxed);
}

/* While there is one thread, and before the program can change its environment. */
static __attribute__((constructor)) void record_gate_prepare(void)
{
    record_this_thread.is_inside = true;
    record_lock_take(&record_gate_state.lock);
    record_gate_set_up();
    record_lock_drop(&record_gate_state.lock);
    record_this_thread.is_inside = false;
}
