/* SPDX-License-Identifier: MIT-0
 *
 * a cap on all that is held. Beyond it, what is free goes back first; then the program's handler is
 * asked, as often as it wants; then the answer is NULL. Whatever was free can be had again in any other
 * size, without the handler, and without there being one. a35_hard_cap handler|sizes
 */
#include "operators/process.h"

#include <errno.h>

enum { blocks_max = 1 << 20, spare_count = 20, spare_size = 1 << 20 };
static const size_t cap = 64 * MIB;

static void **blocks;
static struct {
    void *spare[spare_count];
    size_t spares, calls, last_size;
    bool allocates;
} state;

/* Frees one of the spares. */
static int handle(void *context, size_t size)
{
    require(context == &state, "the handler gets its context");
    state.calls++;
    state.last_size = size;
    if (state.allocates)
        require(malloc(100 * MIB) == NULL, "a handler's own request fails at once");
    if (state.spares == 0) return 0;
    free(state.spare[--state.spares]);
    return 1;
}

/* Blocks of this size until there are no more. */
static size_t take_all(size_t size)
{
    size_t count = 0;
    while (count < blocks_max && (blocks[count] = malloc(size)) != NULL) {
        memset(blocks[count], 1, size);
        count++;
    }
    require(errno == ENOMEM, "the reason is told");
    return count;
}

static void free_all(size_t count)
{
    for (size_t n = 0; n < count; n++) free(blocks[n]);
}

/* All there is in one size, then in another. */
static void check_sizes(void)
{
    static const size_t sizes[] = {300, 40000, 1000, 2000000, 64, 5000, 300};
    for (size_t n = 0; n < sizeof sizes / sizeof *sizes; n++) {
        size_t count = take_all(sizes[n]);
        printf("%zu bytes: %zu blocks, %zu KiB, footprint %zu KiB\n", sizes[n], count,
               count * sizes[n] / KIB, ours(strata_footprint)() / KIB);
        fflush(stdout);
        require(ours(strata_footprint)() <= cap, "the cap holds");
        size_t each = sizes[n] < 100 ? 2 * sizes[n] : sizes[n]; /* in a space it has a head */
        require(count * each >= cap * 7 / 10, "what was free serves other sizes");
        free_all(count);
    }
}

static void check_handler(void)
{
    for (size_t n = 0; n < spare_count; n++) state.spare[n] = malloc(spare_size);
    state.spares = spare_count;
    require(ours(strata_set_scarcity_handler)(handle, &state) == NULL, "there was no handler");
    size_t count = take_all(3000);
    require(state.spares == 0, "every spare was used");
    require(state.calls == spare_count + 1,
            "the handler is called once for each that it frees, and in vain");
    require(state.last_size == 3000, "the handler knows the size");
    void *other = NULL;
    require(calloc(3, 30000) == NULL && realloc(blocks[0], 90000) == NULL,
            "other functions fail");
    require(posix_memalign(&other, 4096, 90000) == ENOMEM, "this one, too");
    require(state.calls == spare_count + 4, "each asks the handler");
    state.allocates = true;
    require(malloc(3000) == NULL && calloc((size_t)1 << 62, 1) == NULL, "no more");
    require(state.calls == spare_count + 5, "what nobody can have does not reach the handler");
    free_all(count);
    require(ours(strata_set_scarcity_handler)(NULL, NULL) == handle, "the handler is told");
}

int main(int argc, char **argv)
{
    require(argc == 2, "usage: a35_hard_cap handler|sizes");
    require_ours();
    blocks = malloc(blocks_max * sizeof *blocks);
    require(ours(strata_heap_set_footprint_limit)(NULL, cap) == cap, "the cap is set");
    if (strcmp(argv[1], "handler") == 0) check_handler();
    check_sizes();
    require_sound();
    return 0;
}
