/* SPDX-License-Identifier: MIT-0
 *
 * The host for tests. The arena is one mapping of real address space; a table has one byte for
 * each 4 KiB of it that tells its state. Protection is the real host's, so that a touch of what
 * is not committed is a fault at the place where it happens.
 */
#include "fake/os_fake.h"

#include "os/os.h" /* first: it chooses what the system headers declare */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FAKE_UNIT ((size_t)4096) /* bytes that one entry of the table stands for */
#if SIZE_MAX > 0xffffffff
#define FAKE_ARENA_SIZE ((size_t)32 << 30)
/* Where no sanitizer has its shadow; only a wish, for the same addresses in every run. */
#define FAKE_ARENA_PLACE ((void *)0x200000000000)
#else
#define FAKE_ARENA_SIZE ((size_t)512 << 20)
#define FAKE_ARENA_PLACE NULL
#endif
#define FAKE_ARENA_ALIGNMENT (FAKE_ARENA_SIZE / 16)
#define FAKE_UNITS (FAKE_ARENA_SIZE / FAKE_UNIT)

enum {
    fake_none,
    fake_reserved,
    fake_committed,
    fake_state_mask = 3,
    fake_begin = 4 /* the first unit of what was taken in one piece */
};

const os_fake_config os_fake_usual = {
    .page_size = 4096,
    .seed = 0x5eed,
};

static struct {
    os_fake_config config;
    char *arena;
    os_fake_counts counts;
    size_t unit_end; /* units from here on were never taken */
    /* Faults. */
    unsigned fail_kinds;
    size_t fail_in; /* calls until one fails; 0: none will */
    bool fail_all_later;
    size_t failed;
    /* What was heard. */
    size_t output_size, appended_size;
    char output[1 << 16], appended[1 << 16], append_path[256];
    const char *variable_name, *variable_value;
    const st_os_other *other; /* NULL: there is no other allocator */
    void (*at_fork[os_fake_fork_child + 1])(void);
    /* Threads. */
    bool tells_ends;
    void (*at_thread_end)(void);
    size_t watched;
    size_t named_count, named_size;
    char named_last[80];
    unsigned clock;
    /* The end. */
    jmp_buf stop_target;
    bool stop_is_awaited;
    pthread_mutex_t mutex;
    uint8_t unit[FAKE_UNITS];
} fake = {.mutex = PTHREAD_MUTEX_INITIALIZER, .clock = 1};

static void fake_write_to_messages(const char *text, size_t size)
{
    st_os_write(2, text, size);
}

static void fake_refuse(const char *sentence)
{
    fprintf(stderr, "%s", fake.output);
    fprintf(stderr, "os_fake: %s\n", sentence);
    abort();
}

static void fake_demand(bool holds, const char *sentence)
{
    if (!holds) fake_refuse(sentence);
}

static void fake_start(void)
{
    if (fake.arena != NULL) return;
    if (fake.config.page_size == 0) fake.config = os_fake_usual;
    void *place = mmap(FAKE_ARENA_PLACE, FAKE_ARENA_SIZE + FAKE_ARENA_ALIGNMENT, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    fake_demand(place != MAP_FAILED, "there is address space for the arena");
    uintptr_t addr =
        ((uintptr_t)place + FAKE_ARENA_ALIGNMENT - 1) & ~(FAKE_ARENA_ALIGNMENT - 1);
    fake.arena = (char *)addr;
    st_os_start(); /* what comes before it is for the real hosts */
    st_base_hook.write = fake_write_to_messages;
    st_base_hook.stop = st_os_stop;
}

/* ---- entering and leaving ---- */

static int fake_enter(void)
{
    int saved_errno = errno;
    pthread_mutex_lock(&fake.mutex);
    fake_start();
    return saved_errno;
}

static void fake_leave(int saved_errno)
{
    pthread_mutex_unlock(&fake.mutex);
    errno = saved_errno;
}

static void (*fake_call_watch)(os_fake_call call, size_t size);

void os_fake_watch_calls(void (*watch)(os_fake_call call, size_t size)) { fake_call_watch = watch; }

/* Counts the call; true if it is one that is to fail. */
static bool fake_call_fails(os_fake_call call, size_t size)
{
    if (fake_call_watch != NULL) fake_call_watch(call, size);
    fake.counts.calls[call]++;
    if (fake.fail_in == 0 || !(fake.fail_kinds & (1u << call))) return false;
    if (fake.fail_in > 1) {
        fake.fail_in--;
        return false;
    }
    if (!fake.fail_all_later) fake.fail_in = 0;
    fake.failed++;
    fake.counts.failed[call]++;
    return true;
}

/* ---- the table ---- */

static unsigned fake_state(size_t unit_idx) { return fake.unit[unit_idx] & fake_state_mask; }

static size_t fake_unit_of(const void *addr)
{
    return (size_t)((const char *)addr - fake.arena) / FAKE_UNIT;
}

static void *fake_place_of(size_t unit_idx) { return fake.arena + unit_idx * FAKE_UNIT; }

static bool fake_is_inside(const void *addr, size_t size)
{
    uintptr_t start = (uintptr_t)addr - (uintptr_t)fake.arena;
    return start < FAKE_ARENA_SIZE && size <= FAKE_ARENA_SIZE - start;
}

static bool fake_is_all(size_t unit_idx, size_t unit_count, unsigned state)
{
    for (size_t i = 0; i < unit_count; i++) {
        if (fake_state(unit_idx + i) != state) return false;
    }
    return true;
}

static void fake_set_state(size_t unit_idx, size_t unit_count, unsigned state)
{
    for (size_t i = unit_idx; i < unit_idx + unit_count; i++) {
        unsigned old = fake_state(i);
        if (old == fake_reserved) fake.counts.reserved -= FAKE_UNIT;
        if (old == fake_committed) fake.counts.committed -= FAKE_UNIT;
        if (state == fake_reserved) fake.counts.reserved += FAKE_UNIT;
        if (state == fake_committed) fake.counts.committed += FAKE_UNIT;
        unsigned begin = state == fake_none ? 0 : fake.unit[i] & fake_begin;
        fake.unit[i] = (uint8_t)(state | begin);
    }
    if (unit_idx + unit_count > fake.unit_end) fake.unit_end = unit_idx + unit_count;
    if (fake.counts.committed > fake.counts.committed_peak) {
        fake.counts.committed_peak = fake.counts.committed;
    }
}

/* A call that wants more than there is fails, too. */
static bool fake_exceeds_limit(size_t more)
{
    size_t limit = fake.config.memory_limit;
    bool exceeds = limit != 0 && (more > limit || fake.counts.committed > limit - more);
    if (exceeds) fake.failed++;
    return exceeds;
}

/* ---- the memory ---- */

static void fake_open(size_t unit_idx, size_t unit_count)
{
    int result =
        mprotect(fake_place_of(unit_idx), unit_count * FAKE_UNIT, PROT_READ | PROT_WRITE);
    fake_demand(result == 0, "the real host opens pages");
    fake_set_state(unit_idx, unit_count, fake_committed);
}

static void fake_empty(void *addr, size_t size)
{
    int result = madvise(addr, size, MADV_DONTNEED);
    fake_demand(result == 0, "the real host empties pages");
}

static void fake_close(size_t unit_idx, size_t unit_count, unsigned state)
{
    void *addr = fake_place_of(unit_idx);
    fake_empty(addr, unit_count * FAKE_UNIT);
    int result = mprotect(addr, unit_count * FAKE_UNIT, PROT_NONE);
    fake_demand(result == 0, "the real host closes pages");
    fake_set_state(unit_idx, unit_count, state);
}

/* The lowest place for `size` bytes; FAKE_UNITS if there is none. */
static size_t fake_find(size_t size, size_t alignment)
{
    if (size > FAKE_ARENA_SIZE || alignment > FAKE_ARENA_ALIGNMENT) return FAKE_UNITS;
    size_t step = alignment / FAKE_UNIT;
    size_t unit_count = (size + fake.config.gap) / FAKE_UNIT;
    size_t unit_idx = (fake.config.floor / FAKE_UNIT + step - 1) / step * step;
    while (unit_idx < FAKE_UNITS && FAKE_UNITS - unit_idx >= unit_count) {
        size_t i = 0;
        size_t known = unit_idx < fake.unit_end ? fake.unit_end - unit_idx : 0;
        while (i < unit_count && i < known && fake_state(unit_idx + i) == fake_none) i++;
        if (i == unit_count || i == known) return unit_idx;
        unit_idx = (unit_idx + i + step) / step * step;
    }
    return FAKE_UNITS;
}

static void *fake_take(size_t size, size_t alignment, unsigned state)
{
    size_t unit_idx = fake_find(size, alignment);
    if (unit_idx == FAKE_UNITS) return NULL;
    if (state == fake_committed) {
        fake_open(unit_idx, size / FAKE_UNIT);
    } else {
        fake_set_state(unit_idx, size / FAKE_UNIT, fake_reserved);
    }
    fake.unit[unit_idx] |= fake_begin;
    return fake_place_of(unit_idx);
}

/* ---- arguments ---- */

static void fake_demand_size(size_t size)
{
    fake_demand(size != 0, "a size is not 0");
    fake_demand(size % fake.config.page_size == 0, "a size is a multiple of the page size");
}

static void fake_demand_alignment(size_t alignment)
{
    fake_demand(alignment != 0 && (alignment & (alignment - 1)) == 0,
                "an alignment is a power of two");
    fake_demand(alignment >= fake.config.page_size, "an alignment is at least the page size");
}

/* A range that was taken and is all in `state`; fake_none: in any. */
static void fake_demand_range(const void *addr, size_t size, unsigned state)
{
    fake_demand_size(size);
    fake_demand((uintptr_t)addr % fake.config.page_size == 0,
                "an address is a multiple of the page size");
    fake_demand(fake_is_inside(addr, size), "a range is one that was taken");
    size_t unit_idx = fake_unit_of(addr);
    for (size_t i = unit_idx; i < unit_idx + size / FAKE_UNIT; i++) {
        fake_demand(fake_state(i) != fake_none, "a range is one that was taken");
        if (state == fake_none || state == fake_state(i)) continue;
        fake_refuse(state == fake_reserved ? "only reserved bytes are committed"
                                           : "only committed bytes are given back or moved");
    }
}

/* ---- os.h: start and facts ---- */

ST_DEFINE_DATA ST_ATOMIC(bool) st_os_started_flag;

void st_os_start(void)
{
    st_store_relaxed(&st_os_started_flag, true); /* relaxed: read by one thread. */
}

size_t st_os_page_size(void)
{
    return fake.config.page_size == 0 ? os_fake_usual.page_size : fake.config.page_size;
}

/* ---- os.h: address space ---- */

void *st_os_reserve(size_t size, size_t alignment)
{
    int saved_errno = fake_enter();
    fake_demand_size(size);
    fake_demand_alignment(alignment);
    void *result = NULL;
    if (!fake_call_fails(os_fake_call_reserve, size))
        result = fake_take(size, alignment, fake_reserved);
    fake_leave(saved_errno);
    return result;
}

bool st_os_reserve_at(void *addr, size_t size)
{
    int saved_errno = fake_enter();
    fake_demand_size(size);
    fake_demand((uintptr_t)addr % fake.config.page_size == 0,
                "an address is a multiple of the page size");
    bool result = false;
    if (!fake_call_fails(os_fake_call_reserve_at, size) && !fake.config.refuses_reserve_at &&
        fake_is_inside(addr, size)) {
        size_t unit_idx = fake_unit_of(addr);
        result = fake_is_all(unit_idx, size / FAKE_UNIT, fake_none);
        if (result) {
            fake_set_state(unit_idx, size / FAKE_UNIT, fake_reserved);
            fake.unit[unit_idx] |= fake_begin;
        }
    }
    fake_leave(saved_errno);
    return result;
}

void *st_os_map(size_t size, size_t alignment)
{
    int saved_errno = fake_enter();
    fake_demand_size(size);
    fake_demand_alignment(alignment);
    void *result = NULL;
    if (!fake_call_fails(os_fake_call_map, size) && !fake_exceeds_limit(size)) {
        result = fake_take(size, alignment, fake_committed);
    }
    fake_leave(saved_errno);
    return result;
}

bool st_os_commit(void *addr, size_t size)
{
    int saved_errno = fake_enter();
    fake_demand_range(addr, size, fake_reserved);
    bool result = !fake_call_fails(os_fake_call_commit, size) && !fake_exceeds_limit(size);
    if (result) fake_open(fake_unit_of(addr), size / FAKE_UNIT);
    fake_leave(saved_errno);
    return result;
}

bool st_os_decommit(void *addr, size_t size)
{
    int saved_errno = fake_enter();
    fake_demand_range(addr, size, fake_committed);
    bool result = !fake_call_fails(os_fake_call_decommit, size) && !fake.config.refuses_decommit;
    if (result) fake_close(fake_unit_of(addr), size / FAKE_UNIT, fake_reserved);
    fake_leave(saved_errno);
    return result;
}

bool st_os_purge(void *addr, size_t size)
{
    int saved_errno = fake_enter();
    fake_demand_range(addr, size, fake_committed);
    bool result = !fake_call_fails(os_fake_call_purge, size) && !fake.config.refuses_purge;
    if (result) fake_empty(addr, size);
    fake_leave(saved_errno);
    return result;
}

void st_os_name(void *addr, size_t size, const char *name)
{
    int saved_errno = fake_enter();
    fake_demand(size % fake.config.page_size == 0 && (uintptr_t)addr % fake.config.page_size == 0,
                "whole pages are named");
    fake.named_count++;
    fake.named_size += size;
    fake.named_last[0] = '\0';
    strncat(fake.named_last, name, sizeof fake.named_last - 1);
    fake_leave(saved_errno);
}

size_t os_fake_named(size_t *size, const char **last)
{
    *size = fake.named_size;
    *last = fake.named_last;
    return fake.named_count;
}

/* True if the range is exactly what was taken in one piece. */
static bool fake_is_whole(size_t unit_idx, size_t unit_count)
{
    if (!(fake.unit[unit_idx] & fake_begin)) return false;
    for (size_t i = 1; i < unit_count; i++) {
        if (fake.unit[unit_idx + i] & fake_begin) return false;
    }
    size_t end = unit_idx + unit_count;
    return end == FAKE_UNITS || fake_state(end) == fake_none || (fake.unit[end] & fake_begin);
}

/* Releases a range that was taken; what is left above it counts as a piece of its own. */
static void fake_give_up(size_t unit_idx, size_t unit_count)
{
    size_t end = unit_idx + unit_count;
    fake_close(unit_idx, unit_count, fake_none);
    if (end < FAKE_UNITS && fake_state(end) != fake_none) fake.unit[end] |= fake_begin;
}

bool st_os_release(void *addr, size_t size)
{
    int saved_errno = fake_enter();
    fake_demand_range(addr, size, fake_none);
    bool result = !fake_call_fails(os_fake_call_release, size);
    size_t unit_idx = fake_unit_of(addr);
    size_t unit_count = size / FAKE_UNIT;
    if (fake.config.refuses_part_release && !fake_is_whole(unit_idx, unit_count))
        result = false;
    if (result) fake_give_up(unit_idx, unit_count);
    fake_leave(saved_errno);
    return result;
}

/* ---- os.h: resize and move ---- */

static bool fake_grow_in_place(void *addr, size_t old_size, size_t new_size)
{
    size_t end_idx = fake_unit_of(addr) + old_size / FAKE_UNIT;
    size_t unit_count = (new_size - old_size) / FAKE_UNIT;
    if (fake_exceeds_limit(new_size - old_size)) return false;
    if (!fake_is_inside(addr, new_size)) return false;
    if (!fake_is_all(end_idx, unit_count, fake_none)) return false;
    fake_open(end_idx, unit_count);
    return true;
}

static bool fake_resize(void *addr, size_t old_size, size_t new_size)
{
    if (new_size > old_size) return fake_grow_in_place(addr, old_size, new_size);
    size_t unit_count = (old_size - new_size) / FAKE_UNIT;
    if (unit_count > 0) fake_give_up(fake_unit_of((char *)addr + new_size), unit_count);
    return true;
}

bool st_os_resize(void *addr, size_t old_size, size_t new_size)
{
    int saved_errno = fake_enter();
    fake_demand_size(new_size);
    fake_demand_range(addr, old_size, fake_committed);
    fake_demand(fake_is_whole(fake_unit_of(addr), old_size / FAKE_UNIT),
                "what is resized is all of what was mapped in one piece");
    bool result = !fake_call_fails(os_fake_call_resize, new_size) && !fake.config.refuses_resize &&
                  fake_resize(addr, old_size, new_size);
    fake_leave(saved_errno);
    return result;
}

static void (*fake_move_watch)(void *addr, void *target);

void os_fake_watch_moves(void (*watch)(void *addr, void *target)) { fake_move_watch = watch; }

bool st_os_move(void *addr, size_t old_size, size_t new_size, void *target)
{
    if (fake_move_watch != NULL) fake_move_watch(addr, target);
    int saved_errno = fake_enter();
    fake_demand_range(addr, old_size, fake_committed);
    fake_demand_range(target, new_size, fake_reserved);
    fake_demand(fake_is_whole(fake_unit_of(addr), old_size / FAKE_UNIT),
                "what is moved is all of what was mapped in one piece");
    size_t more = new_size > old_size ? new_size - old_size : 0;
    bool result = !fake_call_fails(os_fake_call_move, new_size) && !fake.config.refuses_move &&
                  !fake_exceeds_limit(more);
    if (result) {
        fake_open(fake_unit_of(target), new_size / FAKE_UNIT);
        memcpy(target, addr, old_size < new_size ? old_size : new_size);
        fake_give_up(fake_unit_of(addr), old_size / FAKE_UNIT);
    } else {
        fake_give_up(fake_unit_of(target), new_size / FAKE_UNIT);
    }
    fake_leave(saved_errno);
    return result;
}

/* ---- os.h: threads ---- */

void st_os_wait(ST_ATOMIC(uint32_t) *word, uint32_t expected)
{
    int saved_errno = errno;
    /* relaxed: returning early is allowed, and so is one turn too many. */
    if (st_load_relaxed(word) == expected) sched_yield();
    errno = saved_errno;
}

void st_os_wake(ST_ATOMIC(uint32_t) *word) { (void)word; }

void st_os_yield(void) { sched_yield(); }

bool st_os_at_thread_end(void (*ended)(void))
{
    fake.at_thread_end = fake.tells_ends ? ended : NULL;
    return fake.at_thread_end != NULL;
}

bool st_os_watch_thread(void)
{
    int saved_errno = fake_enter();
    bool result = fake.at_thread_end != NULL && !fake.config.refuses_watch;
    if (result) fake.watched++;
    fake_leave(saved_errno);
    return result;
}

void st_os_at_fork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    fake.at_fork[os_fake_fork_prepare] = prepare;
    fake.at_fork[os_fake_fork_parent] = parent;
    fake.at_fork[os_fake_fork_child] = child;
}

/* ---- os.h: the rest ---- */

bool st_os_is_privileged(void) { return fake.config.is_privileged; }

uint32_t st_os_clock(void) { return fake.clock; }

size_t st_os_entropy(void)
{
    return fake.config.page_size == 0 ? os_fake_usual.seed : fake.config.seed;
}

static void fake_note(char *buffer, size_t *used, size_t capacity, const char *bytes,
                      size_t size)
{
    if (size > capacity - 1 - *used) size = capacity - 1 - *used;
    memcpy(buffer + *used, bytes, size);
    *used += size;
    buffer[*used] = '\0';
}

void st_os_write(int descriptor, const char *bytes, size_t size)
{
    (void)descriptor;
    int saved_errno = fake_enter();
    fake_note(fake.output, &fake.output_size, sizeof fake.output, bytes, size);
    fake_leave(saved_errno);
}

void st_os_append(const char *path, const char *bytes, size_t size)
{
    int saved_errno = fake_enter();
    snprintf(fake.append_path, sizeof fake.append_path, "%s", path);
    fake_note(fake.appended, &fake.appended_size, sizeof fake.appended, bytes, size);
    fake_leave(saved_errno);
}

const char *st_os_environment(const char *name)
{
    if (fake.variable_name == NULL || strcmp(name, fake.variable_name) != 0) return NULL;
    return fake.variable_value;
}

void st_os_program_name(char *name, size_t size) { snprintf(name, size, "%s", "fake-program"); }

size_t st_os_process_id(void) { return 4711; }

void st_os_stop(void)
{
    if (fake.stop_is_awaited) longjmp(fake.stop_target, 1);
    fprintf(stderr, "%s", fake.output);
    abort();
}

void st_os_resident(size_t *peak, size_t *current)
{
    *peak = fake.counts.committed_peak;
    *current = fake.counts.committed;
}

bool st_os_other_allocator(unsigned depth, st_os_other *other)
{
    if (fake.other == NULL || depth > 0) return false;
    *other = *fake.other;
    return true;
}

void st_os_set_error(int code) { errno = code; }

int st_os_code_no_memory(void) { return ENOMEM; }

int st_os_code_bad_argument(void) { return EINVAL; }

/* ---- os_fake.h ---- */

void os_fake_configure(const os_fake_config *config)
{
    int saved_errno = fake_enter();
    size_t page_size = config->page_size;
    fake_demand(page_size == 4096 || page_size == 4 * 4096 || page_size == 16 * 4096,
                "a page is 4, 16 or 64 KiB");
    fake_demand(page_size == fake.config.page_size || os_fake_taken() == 0,
                "the page size changes only while nothing is taken");
    fake_demand(config->gap % page_size == 0, "a gap is a multiple of the page size");
    fake.config = *config;
    fake_leave(saved_errno);
}

void os_fake_reset(void)
{
    int saved_errno = fake_enter();
    for (size_t i = 0; i < fake.unit_end;) {
        size_t end = i;
        while (end < fake.unit_end && fake_state(end) != fake_none) end++;
        if (end > i) fake_close(i, end - i, fake_none);
        i = end + 1;
    }
    memset(&fake.counts, 0, sizeof fake.counts);
    fake.config = os_fake_usual;
    fake.fail_in = fake.failed = fake.watched = 0;
    fake.clock = 1;
    fake.variable_name = NULL;
    fake.tells_ends = false;
    fake.at_thread_end = NULL;
    fake.other = NULL;
    fake_leave(saved_errno);
    os_fake_clear_output();
}

void os_fake_fail(unsigned kinds, size_t nth, bool all_later)
{
    fake.fail_kinds = kinds;
    fake.fail_in = nth;
    fake.fail_all_later = all_later;
    fake.failed = 0;
}

size_t os_fake_failed(void) { return fake.failed; }

void os_fake_count(os_fake_counts *counts) { *counts = fake.counts; }

size_t os_fake_taken(void) { return fake.counts.reserved + fake.counts.committed; }

bool os_fake_is_committed(const void *start, size_t size)
{
    if (!fake_is_inside(start, size)) return false;
    size_t unit_idx = fake_unit_of(start);
    size_t last_idx = fake_unit_of((const char *)start + size - 1);
    return fake_is_all(unit_idx, last_idx - unit_idx + 1, fake_committed);
}

const char *os_fake_output(void) { return fake.output; }

void os_fake_clear_output(void)
{
    fake.output_size = fake.appended_size = 0;
    fake.output[0] = fake.appended[0] = '\0';
}

const char *os_fake_appended(void) { return fake.appended; }

const char *os_fake_append_path(void) { return fake.append_path; }

void os_fake_set_environment(const char *name, const char *value)
{
    fake.variable_name = name;
    fake.variable_value = value;
}

void os_fake_set_other(const st_os_other *other) { fake.other = other; }

bool os_fake_fork(os_fake_fork_moment moment)
{
    if (fake.at_fork[moment] == NULL) return false;
    fake.at_fork[moment]();
    return true;
}

void os_fake_tell_ends(bool tells) { fake.tells_ends = tells; }

bool os_fake_end_thread(void)
{
    if (fake.at_thread_end == NULL) return false;
    fake.at_thread_end();
    return true;
}

size_t os_fake_watched(void) { return fake.watched; }

void os_fake_set_clock(unsigned milliseconds) { fake.clock = milliseconds; }

bool os_fake_stops(void (*act)(void *context), void *context)
{
    fake.stop_is_awaited = true;
    bool stopped = setjmp(fake.stop_target) != 0;
    if (!stopped) act(context);
    fake.stop_is_awaited = false;
    return stopped;
}
