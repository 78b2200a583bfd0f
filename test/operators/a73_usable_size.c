/* SPDX-License-Identifier: MIT-0
 *
 * what strata_usable_size says of a block is at least what was asked for, can all be written, and
 * stays the same for as long as the block lives, whatever happens around it.
 */
#include "api/names.h"

#include <pthread.h>

enum { block_count = 3000, round_count = 5 };

typedef struct held {
    unsigned char *mem;
    size_t usable;
} held;

static size_t size_of(unsigned number)
{
    unsigned mixed = number * 2654435761u;
    return number % 100 == 0  ? mixed % 3000000
           : number % 10 == 0 ? mixed % 60000
                              : mixed % 1500;
}

static void *take(unsigned number, size_t size)
{
    if (number % 5 == 1) return api_calloc(1, size);
    if (number % 5 == 2) return api_aligned_alloc((size_t)16 << number % 9, size);
    if (number % 5 == 3) return api_realloc(api_malloc(size / 3), size);
    return api_malloc(size);
}

static void fill(held *block, unsigned number)
{
    size_t size = size_of(number);
    block->mem = take(number, size);
    assert_non_null(block->mem);
    block->usable = api_usable_size(block->mem);
    assert_true(block->usable >= size);
    memset(block->mem, (int)(number & 0xff), block->usable);
}

/* Others take and free meanwhile. */
static void *disturb(void *until)
{
    static _Atomic unsigned next;
    _Atomic bool *is_over = until;
    while (!*is_over) {
        void *mem = api_malloc(size_of(next++));
        api_free(mem);
    }
    return NULL;
}

static void usable_sizes_are_stable_and_writable(void **state)
{
    (void)state;
    static held blocks[block_count];
    static _Atomic bool is_over;
    pthread_t thread;
    if (!STRATA_TINY) assert_int_equal(pthread_create(&thread, NULL, disturb, &is_over), 0);
    for (unsigned n = 0; n < block_count; n++) fill(&blocks[n], n);
    for (unsigned round = 0; round < round_count; round++) {
        for (unsigned n = 0; n < block_count; n++) {
            if (api_usable_size(blocks[n].mem) != blocks[n].usable) fail_msg("block %u", n);
            if (!is_filled_with(blocks[n].mem, blocks[n].usable, (unsigned char)n))
                fail_msg("block %u is not all its own", n);
            if (n % 3 != round % 3) continue;
            api_free(blocks[n].mem);
            fill(&blocks[n], n);
        }
        strata_trim(0);
    }
    is_over = true;
    if (!STRATA_TINY) pthread_join(thread, NULL);
    for (unsigned n = 0; n < block_count; n++) api_free(blocks[n].mem);
    assert_sound();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(usable_sizes_are_stable_and_writable)};
    return API_RUN(tests);
}
