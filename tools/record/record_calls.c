/* SPDX-License-Identifier: MIT-0
 *
 * What the program calls. An address that is freed leaves the table before the real free, after
 * which another thread may get it; one that is allocated enters it after the real malloc. So no
 * two objects have one address at any place of the trace.
 */
#define _GNU_SOURCE
#include "record.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#define RECORD_EXPORT __attribute__((visibility("default")))

/* Of C23; not every C library declares them. */
RECORD_EXPORT void free_sized(void *mem, size_t size);
RECORD_EXPORT void free_aligned_sized(void *mem, size_t alignment, size_t size);

/* ---- malloc, calloc, free ---- */

RECORD_EXPORT void *malloc(size_t size)
{
    const record_way way = record_enter();
    if (way == record_way_arena) return record_arena_alloc(size, 0);
    void *mem = record_next.malloc(size);
    if (way == record_way_on) record_allocated(mem, trace_kind_malloc, size, 0);
    return mem;
}

RECORD_EXPORT void *calloc(size_t count, size_t size)
{
    size_t total;
    const record_way way = record_enter();
    const bool overflows = __builtin_mul_overflow(count, size, &total);
    if (way == record_way_arena) return overflows ? NULL : record_arena_alloc(total, 0);
    void *mem = record_next.calloc(count, size); /* which fails if it overflows */
    if (way == record_way_on) record_allocated(mem, trace_kind_calloc, total, 0);
    return mem;
}

/* True if `mem` is to be handed to the next allocator's free. */
static inline bool record_calls_free(void *mem)
{
    const record_way way = record_enter();
    if (mem == NULL || record_is_arena(mem) || way == record_way_arena) return false;
    if (way == record_way_on) record_freed(mem);
    return true;
}

RECORD_EXPORT void free(void *mem)
{
    if (record_calls_free(mem)) record_next.free(mem);
}

void free_sized(void *mem, size_t size)
{
    if (!record_calls_free(mem)) return;
    if (record_next.free_sized != NULL) {
        record_next.free_sized(mem, size);
    } else {
        record_next.free(mem);
    }
}

void free_aligned_sized(void *mem, size_t alignment, size_t size)
{
    if (!record_calls_free(mem)) return;
    if (record_next.free_aligned_sized != NULL) {
        record_next.free_aligned_sized(mem, alignment, size);
    } else {
        record_next.free(mem);
    }
}

/* ---- realloc ---- */

/* A block of the arena becomes one of the next allocator. The arena's own stays where it is. */
static void *record_calls_leave_arena(const void *mem, size_t size)
{
    unsigned char *now = malloc(size);
    const size_t old_size = record_arena_size(mem);
    const unsigned char *from = mem;
    if (now == NULL) return NULL;
    for (size_t i = 0; i < old_size && i < size; i++) now[i] = from[i];
    return now;
}

RECORD_EXPORT void *realloc(void *mem, size_t size)
{
    const record_way way = record_enter();
    if (way == record_way_arena) return record_arena_resize(mem, size);
    if (mem != NULL && record_is_arena(mem)) return record_calls_leave_arena(mem, size);
    if (way != record_way_on) return record_next.realloc(mem, size);
    if (mem == NULL) {
        void *fresh = record_next.realloc(NULL, size);
        record_allocated(fresh, trace_kind_malloc, size, 0);
        return fresh;
    }
    const record_taken taken = record_take(mem);
    void *now = record_next.realloc(mem, size);
    record_resized(taken, mem, now, size);
    return now;
}

RECORD_EXPORT void *reallocarray(void *mem, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(mem, total);
}

/* ---- aligned ---- */

/* While the C library can't be asked how large a page is. */
enum { record_calls_page_max = 1 << 16 };

/* The smallest power of two that is not below `alignment`, as the format wants it. */
static unsigned record_calls_log2(size_t alignment)
{
    unsigned log2 = 0;
    while (log2 < trace_align_log2_max && (size_t)1 << log2 < alignment) log2++;
    return log2;
}

static void record_calls_aligned(const void *mem, size_t alignment, size_t size)
{
    record_allocated(mem, trace_kind_aligned, size, record_calls_log2(alignment));
}

RECORD_EXPORT void *memalign(size_t alignment, size_t size)
{
    const record_way way = record_enter();
    if (way == record_way_arena) return record_arena_alloc(size, alignment);
    void *mem = record_next.memalign(alignment, size);
    if (way == record_way_on) record_calls_aligned(mem, alignment, size);
    return mem;
}

RECORD_EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
    const record_way way = record_enter();
    if (way == record_way_arena) return record_arena_alloc(size, alignment);
    void *mem = record_next.aligned_alloc(alignment, size);
    if (way == record_way_on) record_calls_aligned(mem, alignment, size);
    return mem;
}

RECORD_EXPORT int posix_memalign(void **mem, size_t alignment, size_t size)
{
    const record_way way = record_enter();
    if (way == record_way_arena) {
        *mem = record_arena_alloc(size, alignment);
        return *mem != NULL ? 0 : ENOMEM;
    }
    const int error = record_next.posix_memalign(mem, alignment, size);
    if (way == record_way_on && error == 0) record_calls_aligned(*mem, alignment, size);
    return error;
}

RECORD_EXPORT void *valloc(size_t size)
{
    const record_way way = record_enter();
    if (way == record_way_arena) return record_arena_alloc(size, record_calls_page_max);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (record_next.valloc == NULL) return memalign(page, size);
    void *mem = record_next.valloc(size);
    if (way == record_way_on) record_calls_aligned(mem, page, size);
    return mem;
}

RECORD_EXPORT void *pvalloc(size_t size)
{
    const record_way way = record_enter();
    if (way == record_way_arena) return record_arena_alloc(size, record_calls_page_max);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t rounded = (size + page - 1) & ~(page - 1);
    if (record_next.pvalloc == NULL) {
        if (rounded >= size) return memalign(page, rounded);
        errno = ENOMEM;
        return NULL;
    }
    void *mem = record_next.pvalloc(size);
    if (way == record_way_on) record_calls_aligned(mem, page, rounded);
    return mem;
}
