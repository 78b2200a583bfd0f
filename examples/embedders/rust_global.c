/* SPDX-License-Identifier: MIT-0
 *
 * What Rust's GlobalAlloc asks of an allocator, as C functions to be bound: size and alignment come with
 * every call, also when a block is freed. A crate's `unsafe impl GlobalAlloc` calls these four.
 *
 *   cc rust_global.c -lstrata
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "strata.h"

#define CHECK(holds)                                                                           \
    do {                                                                                       \
        if (!(holds)) {                                                                        \
            fprintf(stderr, "line %d: %s\n", __LINE__, #holds);                                \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

/* ---- the interface ---- */

static int is_usual(size_t alignment) { return alignment <= STRATA_BLOCK_ALIGNMENT; }

static void *strata_rust_alloc(size_t size, size_t alignment)
{
    return is_usual(alignment) ? strata_malloc(size) : strata_aligned_alloc(alignment, size);
}

static void *strata_rust_alloc_zeroed(size_t size, size_t alignment)
{
    if (is_usual(alignment)) return strata_calloc(1, size); /* knows what is zero already */
    void *mem = strata_aligned_alloc(alignment, size);
    if (mem != NULL) memset(mem, 0, size);
    return mem;
}

static void strata_rust_dealloc(void *mem, size_t size, size_t alignment)
{
    if (is_usual(alignment)) {
        strata_free_sized(mem, size);
    } else {
        strata_free_aligned_sized(mem, alignment, size);
    }
}

/* strata_realloc may move a block, and then to any place. */
static void *strata_rust_realloc(void *mem, size_t size, size_t alignment, size_t new_size)
{
    if (is_usual(alignment)) return strata_realloc(mem, new_size);
    if (strata_realloc_in_place(mem, new_size) != NULL) return mem;
    void *moved = strata_aligned_alloc(alignment, new_size);
    if (moved == NULL) return NULL;
    memcpy(moved, mem, size < new_size ? size : new_size);
    strata_free_aligned_sized(mem, alignment, size);
    return moved;
}

/* ---- a program: blocks with their layouts ---- */

typedef struct block {
    unsigned char *mem;
    size_t size, alignment;
    unsigned char byte;
} block;

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)random_state * limit >> 32);
}

static void expect_filled(const block *b, size_t size)
{
    for (size_t i = 0; i < size; i++) CHECK(b->mem[i] == b->byte);
}

static void fill(block *b)
{
    b->byte++;
    memset(b->mem, b->byte, b->size);
}

static size_t random_size(void) { return 1 + random_below(1u << random_below(20)); }

static void begin(block *b)
{
    b->size = random_size();
    b->alignment = (size_t)1 << random_below(13);
    int is_zeroed = random_below(2) == 0;
    b->mem = is_zeroed ? strata_rust_alloc_zeroed(b->size, b->alignment)
                       : strata_rust_alloc(b->size, b->alignment);
    CHECK(b->mem != NULL && (uintptr_t)b->mem % b->alignment == 0);
    b->byte = 0;
    if (is_zeroed) expect_filled(b, b->size);
    fill(b);
}

static void resize(block *b)
{
    size_t new_size = random_size();
    b->mem = strata_rust_realloc(b->mem, b->size, b->alignment, new_size);
    CHECK(b->mem != NULL && (uintptr_t)b->mem % b->alignment == 0);
    expect_filled(b, new_size < b->size ? new_size : b->size);
    b->size = new_size;
    fill(b);
}

static void end(block *b)
{
    expect_filled(b, b->size);
    strata_rust_dealloc(b->mem, b->size, b->alignment);
    b->mem = NULL;
}

int main(void)
{
    enum { block_count = 200, steps = 20000 };
    static block blocks[block_count];
    for (int step = 0; step < steps; step++) {
        block *b = &blocks[random_below(block_count)];
        if (b->mem == NULL) {
            begin(b);
        } else if (random_below(2) == 0) {
            resize(b);
        } else {
            end(b);
        }
    }
    for (int i = 0; i < block_count; i++)
        if (blocks[i].mem != NULL) end(&blocks[i]);
    CHECK(strata_rust_alloc((size_t)PTRDIFF_MAX, 1) == NULL);
    CHECK(strata_rust_alloc_zeroed((size_t)PTRDIFF_MAX / 2, (size_t)1 << 40) == NULL);
    CHECK(strata_check(NULL) == 0);
    puts("all layouts kept");
    return 0;
}
