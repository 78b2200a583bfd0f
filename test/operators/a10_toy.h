/* SPDX-License-Identifier: MIT-0
 *
 * A toy allocator that a program carries inside: blocks from an array, with nothing before them. It
 * knows its own blocks by their addresses, and only counts what it is asked to free besides.
 * TOY_LINKAGE says how visible its malloc and free are.
 */
#ifndef TEST_OPERATORS_A10_TOY_H
#define TEST_OPERATORS_A10_TOY_H

#include "start/start.h"

enum { toy_room = 1 << 20, toy_step = 64 };

static struct {
    _Alignas(64) unsigned char room[toy_room];
    size_t used;
    size_t frees, resizes, asked, strangers;
} toy;

static inline bool toy_has(const void *mem)
{
    const unsigned char *at = mem;
    return at >= toy.room && at < toy.room + toy_room;
}

TOY_LINKAGE void *malloc(size_t size);
TOY_LINKAGE void *malloc(size_t size)
{
    size_t taken = (size + toy_step - 1) / toy_step * toy_step + toy_step;
    if (size > toy_room || taken > toy_room - toy.used) return NULL;
    void *mem = toy.room + toy.used;
    toy.used += taken;
    return mem;
}

TOY_LINKAGE void free(void *mem);
TOY_LINKAGE void free(void *mem)
{
    if (mem == NULL) return;
    if (toy_has(mem))
        toy.frees++;
    else
        toy.strangers++;
}

TOY_LINKAGE void *calloc(size_t count, size_t size);
TOY_LINKAGE void *calloc(size_t count, size_t size)
{
    return malloc(count * size); /* the room is zero and never used again */
}

TOY_LINKAGE void *realloc(void *mem, size_t size);
TOY_LINKAGE void *realloc(void *mem, size_t size)
{
    unsigned char *moved = malloc(size);
    const unsigned char *from = mem;
    if (moved == NULL || mem == NULL) return moved;
    if (toy_has(mem)) toy.resizes++;
    for (size_t at = 0; at < size && from + at < toy.room + toy_room; at++)
        moved[at] = from[at];
    return moved;
}

#endif
