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

static ST_NOINLINE void *malloc_other(size_t size)
{
    void *mem = st_front_take_medium(size);
    return ST_LIKELY(mem != NULL) ? mem : malloc_new(size);
}

STRATA_EXPORT void *strata_malloc(size_t size)
{
    void *mem = st_front_take(size);
    return ST_LIKELY(mem != NULL) ? mem : malloc_other(size);
}

/* Clears [mem, end) before the C library's memset can be called. */
static void malloc_clear_early(char *mem, char *end)
{
    for (volatile char *at = mem; at < end; at++) *at = 0;
}

STRATA_EXPORT void *strata_calloc(size_t count, size_t size)
{
    size_t total;
    char *dirty_end;
    if (st_mul_overflows(count, size, &total)) return malloc_fail();
    char *mem = st_front_take(total);
    char *end;
    if (mem != NULL) {
        end = mem + total;
    } else {
        mem = st_front_alloc(total, &dirty_end);
        if (mem == NULL) return malloc_fail();
        end = mem + total;
        if (dirty_end < end) end = dirty_end;
    }
    if (ST_UNLIKELY(!st_os_is_started())) {
        malloc_clear_early(mem, end);
    } else if (end > mem) {
        st_fill(mem, 0, st_distance(mem, end));
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
