/* SPDX-License-Identifier: MIT-0
 *
 * The allocator behind us: the next one in the order in which the loader searches, so that
 * another one that is preloaded can be recorded too. And the arena, for what is allocated while
 * that is looked up, or before the loader has relocated us. It has to do without calls of other
 * libraries, even of memcpy.
 */
#define _GNU_SOURCE
#include "record.h"

#include <dlfcn.h>

record_family record_next;

enum { record_arena_bytes = 1 << 18 };

static struct {
    _Atomic(bool) is_known;
    _Atomic(size_t) arena_used;
    _Alignas(64) unsigned char arena[record_arena_bytes];
} record_next_state;

/* ---- the next allocator ---- */

/* What dlsym gives, as the function that it is. */
static void record_next_look_up(void *function, const char *name)
{
    void *address = dlsym(RTLD_NEXT, name);
    *(void **)function = address;
}

void record_next_find(void)
{
    record_next_look_up(&record_next.malloc, "malloc");
    record_next_look_up(&record_next.calloc, "calloc");
    record_next_look_up(&record_next.realloc, "realloc");
    record_next_look_up(&record_next.free, "free");
    record_next_look_up(&record_next.memalign, "memalign");
    record_next_look_up(&record_next.aligned_alloc, "aligned_alloc");
    record_next_look_up(&record_next.posix_memalign, "posix_memalign");
    record_next_look_up(&record_next.valloc, "valloc");
    record_next_look_up(&record_next.pvalloc, "pvalloc");
    record_next_look_up(&record_next.free_sized, "free_sized");
    record_next_look_up(&record_next.free_aligned_sized, "free_aligned_sized");
    atomic_store_explicit(&record_next_state.is_known, true, memory_order_release);
}

bool record_next_is_known(void)
{
    return atomic_load_explicit(&record_next_state.is_known, memory_order_acquire);
}

/* ---- the arena ---- */

/* Before each block stands its size. */
enum { record_arena_head = sizeof(size_t), record_arena_align = 16 };

void *record_arena_alloc(size_t size, size_t alignment)
{
    unsigned char *arena = record_next_state.arena;
    if (alignment < record_arena_align) alignment = record_arena_align;
    if (size > record_arena_bytes || alignment > record_arena_bytes) return NULL;
    const size_t step = record_arena_head + size + alignment;
    const size_t used =
        atomic_fetch_add_explicit(&record_next_state.arena_used, step, memory_order_relaxed);
    if (used + step > record_arena_bytes) return NULL;
    const uintptr_t start = (uintptr_t)(arena + used) + record_arena_head;
    const uintptr_t aligned = (start + alignment - 1) & ~(uintptr_t)(alignment - 1);
    unsigned char *mem = arena + (aligned - (uintptr_t)arena);
    ((size_t *)(void *)mem)[-1] = size;
    return mem;
}

bool record_is_arena(const void *mem)
{
    return (uintptr_t)mem - (uintptr_t)record_next_state.arena < record_arena_bytes;
}

size_t record_arena_size(const void *mem) { return ((const size_t *)mem)[-1]; }

void *record_arena_resize(const void *mem, size_t size)
{
    unsigned char *now = record_arena_alloc(size, record_arena_align);
    if (now == NULL || mem == NULL) return now;
    const size_t old_size = record_arena_size(mem);
    /* volatile: no memcpy is to be made of this. */
    const volatile unsigned char *from = mem;
    for (size_t i = 0; i < old_size && i < size; i++) now[i] = from[i];
    return now;
}
