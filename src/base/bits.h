/* SPDX-License-Identifier: MIT-0
 *
 * Arithmetic on sizes, addresses and bit words. Overflow is asked, not hoped for: sizes that
 * come from a caller are combined only by st_add_overflows and st_mul_overflows.
 */
#ifndef ST_BITS_H
#define ST_BITS_H

#include "base/base.h"

ST_INLINE bool st_is_power_of_two(size_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

/* True if a + b does not fit; else *sum is it. */
ST_INLINE bool st_add_overflows(size_t a, size_t b, size_t *sum)
{
    *sum = a + b;
    return *sum < a;
}

/* True if a - b is negative; else *difference is it. */
ST_INLINE bool st_sub_overflows(size_t a, size_t b, size_t *difference)
{
#if defined(__GNUC__)
    return __builtin_sub_overflow(a, b, difference);
#else
    *difference = a - b;
    return a < b;
#endif
}

/* True if a * b does not fit; else *product is it. */
ST_INLINE bool st_mul_overflows(size_t a, size_t b, size_t *product)
{
#if defined(__GNUC__)
    return __builtin_mul_overflow(a, b, product);
#else
    *product = a * b;
    return a != 0 && *product / a != b;
#endif
}

/* The next multiple of `step` (a power of two). The caller has made sure that it fits. */
ST_INLINE size_t st_round_up(size_t value, size_t step)
{
    return (value + (step - 1)) & ~(step - 1);
}

ST_INLINE size_t st_round_down(size_t value, size_t step)
{
    return value & ~(step - 1);
}

ST_INLINE size_t st_min(size_t a, size_t b) { return a < b ? a : b; }
ST_INLINE size_t st_max(size_t a, size_t b) { return a > b ? a : b; }

/* Index of the lowest bit set; `word` is not 0. */
ST_INLINE unsigned st_lowest_bit(uint32_t word)
{
#if defined(__GNUC__)
    return (unsigned)__builtin_ctz(word);
#else
    unsigned idx = 0;
    while (!(word & 1)) {
        word >>= 1;
        idx++;
    }
    return idx;
#endif
}

ST_INLINE unsigned st_lowest_bit64(uint64_t word)
{
#if defined(__GNUC__)
    return (unsigned)__builtin_ctzll(word);
#else
    uint32_t low = (uint32_t)word;
    return low != 0 ? st_lowest_bit(low) : 32 + st_lowest_bit((uint32_t)(word >> 32));
#endif
}

/* How many bits are set. */
ST_INLINE unsigned st_count_bits(uint32_t word)
{
    unsigned count = 0;
    for (; word != 0; word &= word - 1) count++;
    return count;
}

/* Index of the highest bit set; `value` is not 0. */
ST_INLINE unsigned st_highest_bit(size_t value)
{
#if defined(__GNUC__) && SIZE_MAX > 0xffffffff
    return 63u - (unsigned)__builtin_clzll(value);
#elif defined(__GNUC__)
    return 31u - (unsigned)__builtin_clz((unsigned)value);
#else
    unsigned idx = 0;
    while (value >>= 1) idx++;
    return idx;
#endif
}

/* The lowest power of two that is at least `value`; 0 if there is none. */
ST_INLINE size_t st_power_of_two_from(size_t value)
{
    if (value <= 1) return 1;
    return value > SIZE_MAX / 2 + 1 ? 0 : (size_t)2 << st_highest_bit(value - 1);
}

/* ---- addresses: the only casts between pointers and integers ---- */

ST_INLINE uintptr_t st_addr(const void *pointer) { return (uintptr_t)pointer; }

/* The place `offset` bytes above `base`; offset may be "negative" (it wraps). */
ST_INLINE void *st_at(const void *base, size_t offset)
{
    return (void *)((uintptr_t)base + offset);
}

/* Bytes from `low` to `high`. */
ST_INLINE size_t st_distance(const void *low, const void *high)
{
    return (size_t)((uintptr_t)high - (uintptr_t)low);
}

ST_INLINE bool st_is_aligned(const void *pointer, size_t alignment)
{
    return ((uintptr_t)pointer & (alignment - 1)) == 0;
}

/* ---- bytes: no libc at the point of call, the compiler may still use its own ---- */

ST_INLINE void st_copy(void *to, const void *from, size_t size)
{
#if defined(__GNUC__)
    __builtin_memcpy(to, from, size);
#else
    char *out = to;
    const char *in = from;
    while (size-- > 0) *out++ = *in++;
#endif
}

ST_INLINE void st_fill(void *to, int byte, size_t size)
{
#if defined(__GNUC__)
    __builtin_memset(to, byte, size);
#else
    volatile char *out = to;
    while (size-- > 0) *out++ = (char)byte;
#endif
}

#endif
