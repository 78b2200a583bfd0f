/* SPDX-License-Identifier: MIT-0
 *
 * Counting a trace. The clocks by which lifetimes are told are the number of operations, the bytes
 * requested, and the time of the notes; an object's entry has what they showed when it was
 * allocated.
 */
#include "trace_stats.h"

#include <stdlib.h>

typedef struct stats_object {
    uint64_t op;
    uint64_t request_size;
    uint64_t time_ns;
    uint64_t owner;
} stats_object;

enum { stats_object_words = sizeof(stats_object) / sizeof(uint64_t) };

bool trace_stats_init(trace_stats *stats, const trace_header *header)
{
    *stats = (trace_stats){.is_cut = (header->flags & trace_flag_cut) != 0,
                           .thread_count = header->thread_count};
    trace_table_init(&stats->objects, stats_object_words);
    trace_tally_init(&stats->sizes);
    trace_tally_init(&stats->crossings);
    stats->column_ops = header->op_count / trace_stats_column_max + 1;
    stats->thread = calloc((size_t)header->thread_count + 1, sizeof stats->thread[0]);
    return stats->thread != NULL;
}

void trace_stats_fini(trace_stats *stats)
{
    trace_table_fini(&stats->objects);
    trace_tally_fini(&stats->sizes);
    trace_tally_fini(&stats->crossings);
    free(stats->thread);
    stats->thread = NULL;
}

/* ---- sums and bars ---- */

static void stats_add_size(uint64_t *sum, uint64_t size)
{
    *sum = *sum <= UINT64_MAX - size ? *sum + size : UINT64_MAX;
}

unsigned trace_stats_find_bin(uint64_t value)
{
    return value > 0 ? 64 - (unsigned)__builtin_clzll(value) : 0;
}

uint64_t trace_stats_bin_start(unsigned bin) { return bin > 0 ? (uint64_t)1 << (bin - 1) : 0; }

static void stats_add_bin(trace_stats_bin *bins, uint64_t value, uint64_t size)
{
    trace_stats_bin *bin = &bins[trace_stats_find_bin(value)];
    bin->count++;
    stats_add_size(&bin->size, size);
}

/* ---- operations ---- */

static bool stats_request(trace_stats *stats, uint64_t size)
{
    stats->request_count++;
    stats_add_size(&stats->request_size, size);
    if (size > stats->size_max) stats->size_max = size;
    stats_add_bin(stats->size_bins, size, size);
    return trace_tally_add(&stats->sizes, size);
}

static bool stats_allocate(trace_stats *stats, const trace_op *op)
{
    stats_object *object = trace_table_add(&stats->objects);
    if (object == NULL || !stats_request(stats, op->size)) return false;
    /* Behind the request: what an object outlives is what comes after it. */
    *object = (stats_object){stats->op_count, stats->request_size, op->time_ns, op->thread};
    stats->thread[op->thread].allocation_count++;
    stats->now.live_count++;
    stats->now.live_size += op->size;
    if (op->kind == trace_kind_aligned && stats->aligned_max >> op->align_log2 == 0) {
        stats->aligned_max = (uint64_t)1 << op->align_log2;
    }
    return true;
}

/* Counts it in *count if another thread than the owner acts. */
static bool stats_cross(trace_stats *stats, const trace_op *op, const stats_object *object,
                        uint64_t *count)
{
    if (object->owner == op->thread) return true;
    (*count)++;
    return trace_tally_add(&stats->crossings, object->owner << 32 | op->thread);
}

static bool stats_resize(trace_stats *stats, const trace_op *op)
{
    stats_object *object = trace_table_find(&stats->objects, op->id);
    if (op->size > op->old_size) {
        stats->grow_count++;
    } else if (op->size < op->old_size) {
        stats->shrink_count++;
    } else {
        stats->same_count++;
    }
    stats->thread[op->thread].realloc_count++;
    stats->now.live_size += op->size - op->old_size;
    const bool counted = stats_request(stats, op->size) &&
                         stats_cross(stats, op, object, &stats->cross_realloc_count);
    object->owner = op->thread;
    return counted;
}

static bool stats_release(trace_stats *stats, const trace_op *op)
{
    const stats_object object = *(stats_object *)trace_table_find(&stats->objects, op->id);
    trace_table_drop(&stats->objects, op->id);
    stats_add_bin(stats->op_bins, stats->op_count - object.op, op->size);
    stats_add_bin(stats->byte_bins, stats->request_size - object.request_size, op->size);
    stats_add_bin(stats->time_bins, op->time_ns - object.time_ns, op->size);
    stats->thread[op->thread].free_count++;
    stats->now.live_count--;
    stats->now.live_size -= op->size;
    return stats_cross(stats, op, &object, &stats->cross_free_count);
}

static void stats_look(trace_stats *stats)
{
    const trace_stats_moment *now = &stats->now;
    const size_t at = (size_t)((now->op - 1) / stats->column_ops);
    if (now->live_size > stats->peak_size.live_size) stats->peak_size = *now;
    if (now->live_count > stats->peak_count.live_count) stats->peak_count = *now;
    /* A header that counts too few operations is found out at the end only. */
    if (at >= trace_stats_column_max) return;
    if (at >= stats->column_count || now->live_size > stats->column[at].live_size) {
        stats->column[at] = *now;
        stats->column_count = at + 1;
    }
}

bool trace_stats_add(trace_stats *stats, const trace_op *op)
{
    stats->op_count++;
    stats->kind_count[op->kind]++;
    stats->now.op = stats->op_count;
    stats->now.time_ns = op->time_ns;
    if (op->time_ns > 0) stats->has_times = true;
    bool counted;
    switch (op->kind) {
    case trace_kind_realloc: counted = stats_resize(stats, op); break;
    case trace_kind_free: counted = stats_release(stats, op); break;
    default: counted = stats_allocate(stats, op); break;
    }
    if (counted) stats_look(stats);
    return counted;
}

uint64_t trace_stats_count_threads(const trace_stats *stats)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < stats->thread_count; i++) {
        const trace_stats_thread *thread = &stats->thread[i];
        if (thread->allocation_count + thread->realloc_count + thread->free_count > 0) count++;
    }
    return count;
}
