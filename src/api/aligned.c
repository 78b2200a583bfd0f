/* SPDX-License-Identifier: MIT-0
 *
 * Aligned blocks: five interfaces that differ in what they take for an error.
 */
#include "api/front.h"
#include "strata.h"

static void *aligned_fail(int code)
{
    st_os_set_error(code);
    return NULL;
}

/* A block at a multiple of `alignment`, which is a power of two. */
static void *aligned_alloc_or_fail(size_t alignment, size_t size)
{
    void *mem = st_front_alloc_aligned(alignment, size);
    return mem != NULL ? mem : aligned_fail(st_os_code_no_memory());
}

STRATA_EXPORT void *strata_aligned_alloc(size_t alignment, size_t size)
{
    if (!st_is_power_of_two(alignment)) return aligned_fail(st_os_code_bad_argument());
    return aligned_alloc_or_fail(alignment, size);
}

STRATA_EXPORT void *strata_memalign(size_t alignment, size_t size)
{
    size_t raised = st_power_of_two_from(alignment);
    if (raised == 0) return aligned_fail(st_os_code_bad_argument());
    return aligned_alloc_or_fail(raised, size);
}

STRATA_EXPORT int strata_posix_memalign(void **result, size_t alignment, size_t size)
{
    if (!st_is_power_of_two(alignment) || alignment % sizeof(void *) != 0)
        return st_os_code_bad_argument();
    void *mem = st_front_alloc_aligned(alignment, size);
    if (mem == NULL) return st_os_code_no_memory();
    *result = mem;
    return 0;
}

STRATA_EXPORT ST_COLD void *strata_valloc(size_t size)
{
    return aligned_alloc_or_fail(st_os_page_size(), size);
}

STRATA_EXPORT ST_COLD void *strata_pvalloc(size_t size)
{
    size_t page_size = st_os_page_size();
    size_t rounded;
    if (st_add_overflows(size, page_size - 1, &rounded))
        return aligned_fail(st_os_code_no_memory());
    return aligned_alloc_or_fail(page_size, st_round_down(rounded, page_size));
}
