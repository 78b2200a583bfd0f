/* SPDX-License-Identifier: MIT-0
 *
 * What is written into blocks, and compared. An object has a stamp, a word made of its slot and
 * its size; its block, as far as it is written, is filled with the stamp again and again:
 *
 *      offset    0        8                                 size-8
 *                +--------+--------+-- - - --+--------+------+--------+
 *                | stamp  |        |         | stamp  |      | turned |
 *                +--------+--------+-- - - --+--------+------+--------+
 *                                            4096, 8192...
 *
 * The byte at an offset is always byte (offset % 8) of the stamp. So the last word, which may lie
 * at any offset and overlap the first, holds the stamp turned; and the front of a block that was
 * cut still is what it should be.
 *
 * To count what differs takes no branch. Each offset is masked, see replay_calls. Blocks of less
 * than 8 bytes have their first and last byte written.
 */
#ifndef REPLAY_TOUCH_H
#define REPLAY_TOUCH_H

#include "replay.h"

#define TOUCH_INLINE static inline __attribute__((always_inline))

enum { touch_word_size = 8, touch_page_size = 4096 };

/* A word at any address: the last one of a block need not be aligned. */
typedef uint64_t __attribute__((aligned(1), may_alias)) touch_word;

TOUCH_INLINE uint64_t touch_stamp(uint64_t slot, uint64_t size)
{
    /* An odd constant with bits everywhere, so that neighbors differ in most bytes; and one that
     * keeps slot 0 from being nearly all zeros. */
    return slot * 0x9e3779b97f4a7c15u + size + 0x5bd1e995u;
}

/* The stamp as a word at `offset` has it. */
TOUCH_INLINE uint64_t touch_turned(uint64_t stamp, uint64_t offset)
{
    const unsigned shift = (unsigned)(offset % touch_word_size) * 8;
    return stamp >> shift | stamp << (-shift & 63);
}

TOUCH_INLINE unsigned char touch_byte(uint64_t stamp, uint64_t offset)
{
    return (unsigned char)(stamp >> (offset % touch_word_size) * 8);
}

TOUCH_INLINE touch_word *touch_at(unsigned char *block, uint64_t offset, uint64_t mask)
{
    return (touch_word *)(block + (offset & mask));
}

/* ---- all bytes ---- */

/* The first `size` bytes are written. */
TOUCH_INLINE void touch_write_all(unsigned char *block, uint64_t size, uint64_t stamp,
                                  uint64_t mask)
{
    uint64_t offset = 0;
    for (; offset + touch_word_size <= size; offset += touch_word_size) {
        *touch_at(block, offset, mask) = stamp;
    }
    for (; offset < size; offset++) block[offset & mask] = touch_byte(stamp, offset);
}

/* How many words (bytes, in the last word) of the first `size` bytes differ. */
TOUCH_INLINE uint64_t touch_compare_all(unsigned char *block, uint64_t size, uint64_t stamp,
                                        uint64_t mask)
{
    uint64_t damaged = 0;
    uint64_t offset = 0;
    for (; offset + touch_word_size <= size; offset += touch_word_size) {
        damaged += *touch_at(block, offset, mask) != stamp;
    }
    for (; offset < size; offset++) {
        damaged += block[offset & mask] != touch_byte(stamp, offset);
    }
    return damaged;
}

/* ---- the ends and a word in each page ---- */

/* The same where the size is less than a word, or more than a page. */
TOUCH_INLINE void touch_write_other(unsigned char *block, uint64_t old_size, uint64_t size,
                                    uint64_t stamp, uint64_t mask)
{
    if (size == 0) return;
    if (size < touch_word_size) {
        block[0] = touch_byte(stamp, 0);
        block[size - 1] = touch_byte(stamp, size - 1);
        return;
    }
    const uint64_t last = size - touch_word_size;
    uint64_t offset = (old_size + touch_page_size - 1) & -(uint64_t)touch_page_size;
    if (offset == 0) offset = touch_page_size;
    for (; offset < last; offset += touch_page_size) *touch_at(block, offset, mask) = stamp;
    *touch_at(block, 0, mask) = stamp;
    *touch_at(block, last, mask) = touch_turned(stamp, last);
}

/* Writes what a block of `size` bytes should have that was written up to `old_size` bytes. */
TOUCH_INLINE void touch_write_pages(unsigned char *block, uint64_t old_size, uint64_t size,
                                    uint64_t stamp, uint64_t mask)
{
    const uint64_t last = size - touch_word_size;
    if (__builtin_expect(last > touch_page_size, 0)) { /* a size below a word's wraps around */
        touch_write_other(block, old_size, size, stamp, mask);
        return;
    }
    *touch_at(block, 0, mask) = stamp;
    *touch_at(block, last, mask) = touch_turned(stamp, last);
}

/* How many of the words at the two ends differ. */
TOUCH_INLINE uint64_t touch_compare_ends(unsigned char *block, uint64_t size, uint64_t stamp,
                                         uint64_t mask)
{
    if (size < touch_word_size) {
        if (size == 0) return 0;
        return (uint64_t)(block[0] != touch_byte(stamp, 0)) +
               (uint64_t)(block[size - 1] != touch_byte(stamp, size - 1));
    }
    const uint64_t last = size - touch_word_size;
    return (uint64_t)(*touch_at(block, 0, mask) != stamp) +
           (uint64_t)(*touch_at(block, last, mask) != touch_turned(stamp, last));
}

/* Does the first word, or byte, differ? */
TOUCH_INLINE uint64_t touch_compare_first(unsigned char *block, uint64_t size, uint64_t stamp,
                                          uint64_t mask)
{
    if (size < touch_word_size) return size != 0 && block[0] != touch_byte(stamp, 0);
    return *touch_at(block, 0, mask) != stamp;
}

/* How many of the words that touch_write_pages writes are not zero. */
TOUCH_INLINE uint64_t touch_compare_zero(unsigned char *block, uint64_t size, uint64_t mask)
{
    if (size < touch_word_size) {
        return size == 0 ? 0 : (uint64_t)((block[0] | block[size - 1]) != 0);
    }
    const uint64_t last = size - touch_word_size;
    uint64_t damaged = (uint64_t)(*touch_at(block, 0, mask) != 0) +
                       (uint64_t)(*touch_at(block, last, mask) != 0);
    for (uint64_t offset = touch_page_size; offset < last; offset += touch_page_size) {
        damaged += *touch_at(block, offset, mask) != 0;
    }
    return damaged;
}

#endif
