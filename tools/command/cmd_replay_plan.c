/* SPDX-License-Identifier: MIT-0
 *
 * A trace made into a plan (replay_plan.h): each object gets its slot, what was left allocated
 * gets its free, and the most that ever lived is found. test/command/command_replay.py compares
 * plans with those of a slow model.
 *
 * Without threads a freed slot is the next to be used again. With threads each object has its
 * own, since who comes first is then known to the replayer only; and who allocated an object
 * frees it at the end.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* So often it is looked whether there is memory for more, and so much is left alone: a file in
 * memory grows until the kernel kills somebody. */
enum { plan_buffer_ops = 4096, plan_look_ops = 1 << 20, plan_memory_left = 256 << 20 };

/* An object that lives. Of one that does not, is_live is false. */
typedef struct plan_object {
    uint32_t slot;
    bool is_live;
} plan_object;

typedef struct plan_maker {
    int descriptor;
    bool with_threads;
    replay_plan head;
    uint64_t live;
    plan_object *object; /* by number */
    uint64_t object_count;
    uint64_t object_capacity;
    uint32_t *free_slot; /* a stack */
    uint64_t free_count;
    uint64_t free_capacity;
    size_t buffered;
    replay_op buffer[plan_buffer_ops];
} plan_maker;

static bool plan_too_large(trace_error *error)
{
    trace_set_error(error, "is too large: there is not enough memory to replay it");
    error->is_ours = true;
    return false;
}

/* ---- writing ---- */

static bool plan_write_all(int descriptor, const void *bytes, size_t size)
{
    const char *next = bytes;
    while (size > 0) {
        const ssize_t written = write(descriptor, next, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        next += written;
        size -= (size_t)written;
    }
    return true;
}

static bool plan_flush(plan_maker *maker)
{
    const size_t size = maker->buffered * sizeof(replay_op);
    maker->buffered = 0;
    return plan_write_all(maker->descriptor, maker->buffer, size);
}

static bool plan_put(plan_maker *maker, const replay_op *op)
{
    maker->buffer[maker->buffered++] = *op;
    maker->head.op_count++;
    if (maker->head.op_count % plan_look_ops == 0 &&
        cmd_machine_available() < plan_memory_left) {
        return false;
    }
    return maker->buffered < plan_buffer_ops || plan_flush(maker);
}

/* ---- slots ---- */

/* Makes room for one more at *array. */
static bool plan_grow(void **array, uint64_t count, uint64_t *capacity, size_t size)
{
    if (count < *capacity) return true;
    const uint64_t larger = *capacity != 0 ? 2 * *capacity : 4096;
    void *grown = larger <= SIZE_MAX / size ? realloc(*array, (size_t)larger * size) : NULL;
    if (grown == NULL) return false;
    *array = grown;
    *capacity = larger;
    return true;
}

static bool plan_add_object(plan_maker *maker, uint32_t *slot)
{
    void *objects = maker->object;
    if (!plan_grow(&objects, maker->object_count, &maker->object_capacity,
                   sizeof(plan_object))) {
        return false;
    }
    maker->object = objects;
    if (maker->free_count > 0) {
        *slot = maker->free_slot[--maker->free_count];
    } else if (maker->head.slot_count > UINT32_MAX) {
        return false;
    } else {
        *slot = (uint32_t)maker->head.slot_count++;
    }
    maker->object[maker->object_count++] = (plan_object){*slot, true};
    return true;
}

static bool plan_drop_object(plan_maker *maker, uint64_t id)
{
    maker->object[id].is_live = false;
    if (maker->with_threads) return true;
    void *slots = maker->free_slot;
    if (!plan_grow(&slots, maker->free_count, &maker->free_capacity, sizeof(uint32_t))) {
        return false;
    }
    maker->free_slot = slots;
    maker->free_slot[maker->free_count++] = maker->object[id].slot;
    return true;
}

/* ---- operations ---- */

static void plan_count_live(plan_maker *maker, const trace_op *op)
{
    if (op->kind == trace_kind_free) {
        maker->live -= op->size;
        return;
    }
    maker->live += op->size - op->old_size;
    if (op->size > maker->head.size_max) maker->head.size_max = op->size;
    if (maker->live > maker->head.peak_live) {
        maker->head.peak_live = maker->live;
        maker->head.peak_live_op = maker->head.op_count;
    }
}

static bool plan_add(plan_maker *maker, const trace_op *op)
{
    static const uint8_t kinds[] = {
        [trace_kind_malloc] = replay_kind_malloc,   [trace_kind_calloc] = replay_kind_calloc,
        [trace_kind_realloc] = replay_kind_realloc, [trace_kind_free] = replay_kind_free,
        [trace_kind_aligned] = replay_kind_aligned,
    };
    replay_op made = {.kind = kinds[op->kind], .align_log2 = (uint8_t)op->align_log2};
    if (maker->with_threads) made.thread = (uint16_t)op->thread;
    if (op->kind != trace_kind_free) made.size = op->size;
    plan_count_live(maker, op);
    if (op->kind == trace_kind_realloc || op->kind == trace_kind_free) {
        made.slot = maker->object[op->id].slot;
        if (op->kind == trace_kind_free && !plan_drop_object(maker, op->id)) return false;
    } else if (!plan_add_object(maker, &made.slot)) {
        return false;
    }
    return plan_put(maker, &made);
}

/* Frees what is left, oldest first, all by the first thread: the others may end when they did. */
static bool plan_add_tail(plan_maker *maker)
{
    maker->head.tail_op = maker->head.op_count;
    for (uint64_t id = 0; id < maker->object_count; id++) {
        const plan_object *object = &maker->object[id];
        if (!object->is_live) continue;
        const replay_op op = {.slot = object->slot, .thread = 0, .kind = replay_kind_free};
        if (!plan_put(maker, &op)) return false;
    }
    return true;
}

static bool plan_add_all(plan_maker *maker, trace_reader *reader, trace_error *error)
{
    trace_op op;
    int more;
    while ((more = trace_next(reader, &op, error)) > 0) {
        if (!plan_add(maker, &op)) return plan_too_large(error);
    }
    if (more < 0) return false;
    if (!plan_add_tail(maker)) return plan_too_large(error);
    if (maker->head.op_count > 0) return true;
    trace_set_error(error, "has no operations to replay");
    return false;
}

/* ---- the whole ---- */

static bool plan_start(plan_maker *maker, const trace_header *header, bool with_threads)
{
    maker->with_threads = with_threads && header->thread_count > 1;
    maker->head.magic = REPLAY_PLAN_MAGIC;
    maker->head.thread_count = maker->with_threads ? (uint32_t)header->thread_count : 1;
    /* The head is known at the end; here it keeps the place. */
    return plan_write_all(maker->descriptor, &maker->head, sizeof maker->head);
}

static bool plan_finish(plan_maker *maker)
{
    return plan_flush(maker) && pwrite(maker->descriptor, &maker->head, sizeof maker->head,
                                       0) == (ssize_t)sizeof maker->head;
}

bool cmd_plan_write(trace_reader *reader, bool with_threads, int descriptor, cmd_plan *plan,
                    trace_error *error)
{
    const trace_header *header = trace_get_header(reader);
    plan_maker *maker = calloc(1, sizeof *maker);
    if (maker == NULL) return plan_too_large(error);
    maker->descriptor = descriptor;
    bool is_made = plan_start(maker, header, with_threads);
    if (!is_made) {
        plan_too_large(error);
    } else if ((is_made = plan_add_all(maker, reader, error)) && !plan_finish(maker)) {
        is_made = plan_too_large(error);
    }
    plan->head = maker->head;
    plan->object_count = maker->object_count;
    plan->trace_threads = (uint32_t)header->thread_count;
    plan->is_cut = (header->flags & trace_flag_cut) != 0;
    free(maker->object);
    free(maker->free_slot);
    free(maker);
    return is_made;
}

bool cmd_plan_make(const char *path, bool with_threads, cmd_plan *plan, trace_error *error)
{
    memset(plan, 0, sizeof *plan);
    plan->descriptor = -1;
    trace_reader *reader = trace_open(path, error);
    if (reader == NULL) return false;
    bool is_made = false;
    plan->descriptor = memfd_create("strata-plan", MFD_CLOEXEC);
    if (plan->descriptor < 0) {
        plan_too_large(error);
    } else {
        is_made = cmd_plan_write(reader, with_threads, plan->descriptor, plan, error);
    }
    const char *program = trace_get_program(reader);
    if (is_made && program[0] != '\0') plan->program = strdup(program);
    trace_close(reader);
    return is_made;
}

void cmd_plan_close(cmd_plan *plan)
{
    if (plan->descriptor >= 0) close(plan->descriptor);
    plan->descriptor = -1;
}

void cmd_plan_free(cmd_plan *plan)
{
    cmd_plan_close(plan);
    free(plan->program);
    plan->program = NULL;
}
