/* SPDX-License-Identifier: MIT-0
 *
 * STRATA_DL_PLAIN: the functions under the C library's names, as without USE_DL_PREFIX.
 */
#define STRATA_DL_PLAIN 1
#include "dlmalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Each is called once, and is strata's. */
static void plain_names_are_dlmallocs(void **state)
{
    (void)state;
    size_t sizes[2] = {10, 20};
    void *mem[11], *chunks[2];
    mem[0] = malloc(10);
    mem[1] = calloc(2, 10);
    mem[2] = realloc(malloc(20), 3000);
    mem[3] = realloc_in_place(malloc(100), 50);
    mem[4] = memalign(64, 10);
    assert_int_equal(posix_memalign(&mem[5], 64, 10), 0);
    mem[6] = valloc(10);
    mem[7] = pvalloc(10);
    mem[8] = independent_calloc(1, 10, NULL);
    mem[9] = *(void **)mem[8];
    assert_ptr_equal(independent_comalloc(2, sizes, chunks), chunks);
    mem[10] = chunks[1];
    for (int i = 0; i < 11; i++) {
        assert_non_null(mem[i]);
        assert_true(strata_usable_size(mem[i]) >= 10);
        assert_int_equal(malloc_usable_size(mem[i]), strata_usable_size(mem[i]));
    }
    free(chunks[0]);
    assert_int_equal(bulk_free(mem, 11), 0);
}

static void count_regions(void *start, void *end, size_t used_bytes, void *argument)
{
    (void)start, (void)end, (void)used_bytes;
    ++*(int *)argument;
}

static void plain_names_tell_about_the_heap(void **state)
{
    (void)state;
    int count = 0;
    struct mallinfo info = mallinfo();
    assert_int_equal(info.arena + info.hblkhd, malloc_footprint());
    assert_true(malloc_max_footprint() >= malloc_footprint());
    assert_true(malloc_footprint_limit() == SIZE_MAX);
    assert_true(malloc_set_footprint_limit(SIZE_MAX) == SIZE_MAX);
    malloc_inspect_all(count_regions, &count);
    assert_true(count > 0);
    assert_int_equal(mallopt(M_TRIM_THRESHOLD, 2 * 1024 * 1024), 1);
    int trimmed = malloc_trim(0);
    assert_true(trimmed == 0 || trimmed == 1);
    malloc_stats();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_names_are_dlmallocs),
        cmocka_unit_test(plain_names_tell_about_the_heap),
    };
    return cmocka_run_group_tests_name("plain", tests, NULL, NULL);
}
