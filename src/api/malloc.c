/* SPDX-License-Identifier: MIT-0
 *
 * The C library's functions under our own names: what the standards say about sizes of 0,
 * overflow and errno, around the front.
 */
#include "api/front.h"
#include "strata.h"

static ST_COLD void *malloc_fail(void)
{
    st_os_set_error(st_os_code_no_memory());
    return NULL;
}

static ST_NOINLINE void *malloc_new(size_t size)
{
    void *mem = st_front_alloc(size, NULL);
    return ST_LIKELY(mem != NULL) ? mem : malloc_fail();
}

static ST_NOINLINE void *malloc_medium(size_t size)
{
    void *mem = st_front_take_medium(size);
    return ST_LIKELY(mem != NULL) ? mem : malloc_new(size);
}

STRATA_EXPORT void *strata_malloc(size_t size)
{
    if (ST_UNLIKELY(!st_front_is_small(size))) return malloc_medium(size);
    void *mem = st_front_take_small(size);
    if (ST_UNLIKELY(mem == NULL)) return malloc_new(size);
    return mem;
}

static ST_COLD void *malloc_zeroed_new(size_t size)
{
    char *dirty_end;
    char *mem = st_front_alloc(size, &dirty_end);
    if (mem == NULL) return malloc_fail();
    if (dirty_end > mem) st_heap_clear(mem, st_min(size, st_distance(mem, dirty_end)));
    return mem;
}

STRATA_EXPORT void *strata_calloc(size_t count, size_t size)
{
    size_t total;
    if (st_mul_overflows(count, size, &total)) return malloc_fail();
    bool is_small = st_front_is_small(total);
    void *mem = is_small ? st_front_take_small(total) : st_front_take_medium(total);
    if (ST_UNLIKELY(mem == NULL)) return malloc_zeroed_new(total);
    if (STRATA_SLABS) {
        st_fill(mem, 0, total); /* what is at hand has not been before the start */
    } else {
        st_heap_clear(mem, total);
    }
    return mem;
}

STRATA_EXPORT void *strata_realloc(void *mem, size_t size)
{
    if (mem == NULL) return strata_malloc(size);
    void *resized = st_front_realloc(mem, size);
    return ST_LIKELY(resized != NULL) ? resized : malloc_fail();
}

STRATA_EXPORT void *strata_reallocarray(void *mem, size_t count, size_t size)
{
    size_t total;
    if (st_mul_overflows(count, size, &total)) return malloc_fail();
    return strata_realloc(mem, total);
}

STRATA_EXPORT ST_COLD void *strata_realloc_in_place(void *mem, size_t size)
{
    return mem == NULL ? NULL : st_front_resize_in_place(mem, size);
}

STRATA_EXPORT void strata_free(void *mem)
{
    st_front_free(mem);
}

/* The block is freed by what it is, whatever the caller says; a lie is only counted. */
STRATA_EXPORT void strata_free_sized(void *mem, size_t size)
{
    if (mem != NULL) st_front_free_sized(mem, size);
}

STRATA_EXPORT void strata_free_aligned_sized(void *mem, size_t alignment, size_t size)
{
    (void)alignment;
    strata_free_sized(mem, size);
}
