/* SPDX-License-Identifier: MIT-0
 *
 * What bench/instructions.py counts the instructions of:
 *
 *   counted OPERATION SIZE SHORT LONG
 *
 * counted_run does one operation so many times. It is called five times: for SHORT and LONG
 * operations on functions that do nothing, for SHORT ones that warm the allocator up, and for
 * SHORT and LONG ones on the allocator. Valgrind counts each call for itself. LONG less SHORT is
 * free of what happens once, and real less empty is free of the loop: what is left is what the
 * allocator executes beyond returning at once.
 *
 * memset, memcpy and memmove are this program's own, also for the preloaded allocator: those of
 * the C library differ from one processor to the next, and the count must not.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A function that stays one. */
#ifdef __clang__
#define COUNTED_WHOLE __attribute__((noinline))
#else
#define COUNTED_WHOLE __attribute__((noinline, noclone))
#endif

enum { counted_batch_count = 100, counted_number_max = 100000000 };

typedef struct counted_calls {
    void *(*allocate)(size_t size);
    void *(*allocate_zeroed)(size_t count, size_t size);
    void *(*allocate_aligned)(size_t alignment, size_t size);
    void *(*resize)(void *block, size_t size);
    void (*release)(void *block);
} counted_calls;

/* ---- the same everywhere ---- */

/* Called, also by ourselves, so that both runs of a calloc fill in the same way. */
COUNTED_WHOLE void *memset(void *to, int byte, size_t size)
{
    unsigned char *out = to;
    for (size_t i = 0; i < size; i++) {
        out[i] = (unsigned char)byte;
        __asm__ volatile("" ::: "memory"); /* or the compiler makes a call of memset of it */
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    unsigned char *out = to;
    const unsigned char *in = from;
    const int goes_down = (uintptr_t)to > (uintptr_t)from;
    for (size_t i = 0; i < size; i++) {
        const size_t at = goes_down ? size - 1 - i : i;
        out[at] = in[at];
        __asm__ volatile("" ::: "memory");
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    return memmove(to, from, size);
}

/* ---- the allocator that does nothing ---- */

static uint64_t counted_area[1 << 17];

static void *counted_empty_allocate(size_t size)
{
    (void)size;
    return counted_area;
}

/* Zeroing is what a caller of calloc wants; it is no cost of the allocator's. */
static void *counted_empty_zeroed(size_t count, size_t size)
{
    return memset(counted_area, 0, count * size);
}

static void *counted_empty_aligned(size_t alignment, size_t size)
{
    (void)alignment;
    (void)size;
    return counted_area;
}

static void *counted_empty_resize(void *block, size_t size)
{
    (void)size;
    return block;
}

static void counted_empty_release(void *block) { (void)block; }

static const counted_calls counted_empty = {counted_empty_allocate, counted_empty_zeroed,
                                            counted_empty_aligned, counted_empty_resize,
                                            counted_empty_release};
static const counted_calls counted_real = {malloc, calloc, memalign, realloc, free};

/* ---- operations ---- */

typedef void counted_operation(const counted_calls *calls, size_t size);

static void counted_pair(const counted_calls *calls, size_t size)
{
    calls->release(calls->allocate(size));
}

static void counted_pair_zeroed(const counted_calls *calls, size_t size)
{
    calls->release(calls->allocate_zeroed(1, size));
}

static void counted_pair_aligned(const counted_calls *calls, size_t size)
{
    calls->release(calls->allocate_aligned(64, size));
}

static void *counted_kept;

static void counted_resize(const counted_calls *calls, size_t size)
{
    counted_kept = calls->resize(counted_kept, size);
}

/* A hundred blocks at a time; instructions.py divides by as many. */
static void counted_batch(const counted_calls *calls, size_t size)
{
    static void *blocks[counted_batch_count];
    for (int i = 0; i < counted_batch_count; i++) blocks[i] = calls->allocate(size);
    for (int i = 0; i < counted_batch_count; i++) calls->release(blocks[i]);
}

typedef struct counted_name {
    const char *name;
    counted_operation *operation;
} counted_name;

static const counted_name counted_names[] = {
    {"malloc", counted_pair},          {"calloc", counted_pair_zeroed},
    {"aligned", counted_pair_aligned}, {"realloc", counted_resize},
    {"batch", counted_batch},
};

/* Not static and never copied: valgrind finds it by its name. */
void counted_run(counted_operation *operation, const counted_calls *calls, size_t size,
                 size_t count);

COUNTED_WHOLE void counted_run(counted_operation *operation, const counted_calls *calls,
                               size_t size, size_t count)
{
    for (size_t i = 0; i < count; i++) operation(calls, size);
}

static size_t counted_number(const char *text)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);
    return *end == '\0' && value <= counted_number_max ? value : 0;
}

int main(int argc, char **argv)
{
    counted_operation *operation = NULL;
    for (size_t i = 0; argc == 5 && i < sizeof counted_names / sizeof counted_names[0]; i++) {
        if (strcmp(argv[1], counted_names[i].name) == 0) operation = counted_names[i].operation;
    }
    const size_t size = argc == 5 ? counted_number(argv[2]) : 0;
    const size_t fewer = argc == 5 ? counted_number(argv[3]) : 0;
    const size_t more = argc == 5 ? counted_number(argv[4]) : 0;
    if (operation == NULL || size == 0 || size > sizeof counted_area || fewer == 0 ||
        more == 0) {
        fputs("counted: wants OPERATION SIZE SHORT LONG.\n", stderr);
        return 2;
    }
    counted_kept = counted_real.allocate(size);
    counted_run(operation, &counted_empty, size, fewer);
    counted_run(operation, &counted_empty, size, more);
    counted_run(operation, &counted_real, size, fewer);
    counted_run(operation, &counted_real, size, fewer);
    counted_run(operation, &counted_real, size, more);
    counted_real.release(counted_kept);
    return 0;
}
