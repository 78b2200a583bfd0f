/* SPDX-License-Identifier: MIT-0
 *
 * Orders for other threads (fake/crew.h) about small blocks: take so many, free these.
 */
#ifndef SLAB_ORDERS_H
#define SLAB_ORDERS_H

#include "fake/little_slabs.h"

#include "fake/crew.h"

#if STRATA_SLABS

typedef struct slab_order {
    size_t class_idx, count;
    char **mem;
    uint32_t number; /* of the thread's cache, afterwards; 0: it has none */
} slab_order;

ST_INLINE void slab_orders_note_cache(slab_order *order)
{
    order->number = st_near.cache == NULL ? 0 : st_near.cache->depot.number;
}

ST_INLINE void slab_orders_get_act(void *context)
{
    slab_order *order = context;
    for (size_t i = 0; i < order->count; i++)
        order->mem[i] = little_slabs_try(order->class_idx);
    slab_orders_note_cache(order);
}

ST_INLINE void slab_orders_put_act(void *context)
{
    slab_order *order = context;
    for (size_t i = 0; i < order->count; i++) little_slabs_put(order->mem[i]);
    slab_orders_note_cache(order);
}

/* The thread takes `count` blocks of the class; what it does not get is NULL. The number of its
 * cache. */
ST_INLINE uint32_t slab_orders_get(size_t thread, size_t class_idx, char **mem, size_t count)
{
    slab_order order = {class_idx, count, mem, 0};
    crew_do(thread, slab_orders_get_act, &order);
    return order.number;
}

/* The thread frees them. */
ST_INLINE uint32_t slab_orders_put(size_t thread, char **mem, size_t count)
{
    slab_order order = {0, count, mem, 0};
    crew_do(thread, slab_orders_put_act, &order);
    return order.number;
}

#endif
#endif
