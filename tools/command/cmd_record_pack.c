/* SPDX-License-Identifier: MIT-0
 *
 * Recordings into traces, and the table of what there is. A process that ended while its
 * recordings were packed may have left more, so they are looked for until nothing new is found.
 */
#define _GNU_SOURCE
#include "cmd_record.h"

#include "trace_pack.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { pack_shown_max = 20, pack_running_shown_max = 3 };

/* ---- interruption, progress ---- */

static const int pack_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { pack_signal_count = sizeof pack_signals / sizeof pack_signals[0] };

static volatile sig_atomic_t pack_is_interrupted;

static void pack_interrupt(int signal)
{
    (void)signal;
    pack_is_interrupted = 1;
}

/* What is asked to end while it packs leaves no half file behind. One that our caller ignores
 * stays ignored. */
static void pack_catch(struct sigaction *before)
{
    struct sigaction action = {0};
    action.sa_handler = pack_interrupt;
    action.sa_flags = SA_RESTART;
    for (int i = 0; i < pack_signal_count; i++) {
        sigaction(pack_signals[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN) sigaction(pack_signals[i], &action, NULL);
    }
}

static void pack_release(const struct sigaction *before)
{
    for (int i = 0; i < pack_signal_count; i++) sigaction(pack_signals[i], &before[i], NULL);
}

typedef struct pack_progress {
    const char *path;
    bool is_terminal;
    int percent; /* what was shown last; -1: nothing */
} pack_progress;

static bool pack_step(void *context, uint64_t done, uint64_t all)
{
    pack_progress *progress = context;
    const int percent = (int)((double)done * 100 / (double)(all > 0 ? all : 1));
    if (progress->is_terminal && percent != progress->percent) {
        fprintf(stderr, "\rstrata: record: packing '%s' %d %%", progress->path, percent);
        fflush(stderr);
        progress->percent = percent;
    }
    return !pack_is_interrupted;
}

static trace_pack_status pack_file(const char *raw, const char *path, trace_pack_result *result,
                                   trace_error *error)
{
    pack_progress progress = {path, isatty(STDERR_FILENO) == 1, -1};
    const trace_pack_watch watch = {pack_step, &progress};
    const trace_pack_status status = trace_pack(raw, path, &watch, result, error);
    /* Back to the start of the line, and that erased. */
    if (progress.percent >= 0) fputs("\r\033[K", stderr);
    if (status == trace_pack_done && result->lost_bytes > 0) {
        cmd_warn("record: '%s' is cut: what came next in its recording (%" PRIu64
                 " bytes) was overwritten by the program.",
                 path, result->lost_bytes);
    }
    return status;
}

/* ---- all that were left ---- */

typedef struct pack_collection {
    const record_place *place;
    const cmd_result *result;
    record_images seen; /* all that were packed, and those that still run */
    bool has_failed;
} pack_collection;

static void pack_image(pack_collection *job, record_image *image)
{
    trace_error error;
    trace_pack_result result;
    const trace_pack_status status = pack_file(image->path, image->target, &result, &error);
    if (status == trace_pack_failed) {
        cmd_warn("record: '%s' %s; the recording stays in '%s'.", image->target, error.text,
                 image->path);
        job->has_failed = true;
        return;
    }
    unlink(image->path);
    if (status == trace_pack_nothing) return;
    image->is_packed = true;
    image->op_count = result.header.op_count;
    image->file_size = result.file_size;
    image->is_cut = (result.header.flags & trace_flag_cut) != 0;
}

/* Moves the images that are to be shown to those seen before. */
static void pack_remember(pack_collection *job, record_images *images)
{
    const size_t count = job->seen.count + images->count;
    record_image *larger = realloc(job->seen.image, count * sizeof *larger);
    if (larger == NULL) return;
    job->seen.image = larger;
    size_t kept = 0;
    for (size_t i = 0; i < images->count; i++) {
        record_image *image = &images->image[i];
        if (image->is_packed || image->still_runs) {
            larger[job->seen.count++] = *image;
        } else {
            images->image[kept++] = *image;
        }
    }
    images->count = kept;
}

/* Packs those that have ended. True if there may be new ones meanwhile. */
static bool pack_round(pack_collection *job)
{
    record_images images;
    bool has_packed = false;
    if (record_images_find(&images, job->place, job->result->outcome.pid, &job->seen)) {
        for (size_t i = 0; i < images.count && !pack_is_interrupted; i++) {
            if (images.image[i].still_runs) continue;
            pack_image(job, &images.image[i]);
            has_packed = true;
        }
        has_packed = has_packed && !job->has_failed && !pack_is_interrupted;
        /* Those that still run are seen again if there is another round. */
        for (size_t i = 0; has_packed && i < images.count; i++) {
            images.image[i].still_runs = false;
        }
        if (images.count > 0) pack_remember(job, &images);
    } else {
        cmd_warn("record: there is no memory; the recordings stay in '%s'.",
                 job->place->directory);
        job->has_failed = true;
    }
    record_images_free(&images);
    return has_packed;
}

/* ---- the table ---- */

static int pack_compare(const void *left_image, const void *right_image)
{
    const record_image *left = left_image;
    const record_image *right = right_image;
    if (left->is_main != right->is_main) return left->is_main ? -1 : 1;
    if (left->op_count != right->op_count) return left->op_count > right->op_count ? -1 : 1;
    return strcmp(left->target, right->target);
}

static void pack_show_line(uint64_t op_count, uint64_t size, const char *program,
                           const char *file)
{
    cmd_buffer ops, bytes;
    fprintf(stderr, "%15s  %10s  %-15s  %s\n", cmd_count_text(op_count, &ops),
            cmd_size_text(size, &bytes), program, file);
}

static void pack_show(const pack_collection *job)
{
    uint64_t more_ops = 0;
    uint64_t more_size = 0;
    size_t more = 0;
    size_t shown = 0;
    for (size_t i = 0; i < job->seen.count; i++) {
        const record_image *image = &job->seen.image[i];
        if (!image->is_packed) continue;
        if (shown == 0) {
            fprintf(stderr, "%15s  %10s  %-15s  %s\n", "operations", "size", "program", "file");
        }
        if (++shown > pack_shown_max) {
            more_ops += image->op_count;
            more_size += image->file_size;
            more++;
            continue;
        }
        char *file = cmd_format("%s%s", image->target, image->is_cut ? " (cut)" : "");
        pack_show_line(image->op_count, image->file_size, image->program,
                       file != NULL ? file : image->target);
        free(file);
    }
    if (more == 0) return;
    char *file = cmd_format("in %zu more files, %s.*", more, job->place->base);
    pack_show_line(more_ops, more_size, "", file != NULL ? file : "");
    free(file);
}

/* ---- what the user has to know ---- */

static void pack_tell_running(const pack_collection *job)
{
    size_t count = 0;
    for (size_t i = 0; i < job->seen.count; i++) {
        const record_image *image = &job->seen.image[i];
        if (!image->still_runs || ++count > pack_running_shown_max) continue;
        cmd_warn("record: process %d (%s) still runs, and records into '%s'; `strata record "
                 "--pack` makes a trace of it, best when it has ended.",
                 (int)image->pid, image->program, image->path);
    }
    if (count <= pack_running_shown_max) return;
    cmd_warn("record: so do %zu more processes, in the same directory.",
             count - pack_running_shown_max);
}

static void pack_tell(const pack_collection *job)
{
    bool has_main = false;
    for (size_t i = 0; i < job->seen.count; i++) has_main |= job->seen.image[i].is_main;
    /* Not launched at all: that was said. */
    if (job->result->outcome.pid != 0 && !has_main && !job->has_failed) {
        cmd_warn("record: '%s' is not written: %s allocated nothing that could be recorded.",
                 job->place->file, job->result->program[0]);
    }
    pack_tell_running(job);
}

bool record_pack_all(const record_place *place, const cmd_result *result, bool is_quiet)
{
    pack_collection job = {.place = place, .result = result};
    struct sigaction before[pack_signal_count];
    pack_catch(before);
    while (pack_round(&job)) continue;
    rmdir(place->directory);
    if (job.seen.count > 0) {
        qsort(job.seen.image, job.seen.count, sizeof job.seen.image[0], pack_compare);
    }
    if (!is_quiet) pack_show(&job);
    pack_tell(&job);
    pack_release(before);
    record_images_free(&job.seen);
    return !job.has_failed && !pack_is_interrupted;
}

int record_pack_one(const char *path, const char *output)
{
    record_place place;
    trace_error error;
    trace_pack_result result;
    struct sigaction before[pack_signal_count];
    int status = cmd_exit_bad_input;
    if (record_place_check(&place, output)) {
        pack_catch(before);
        switch (pack_file(path, place.file, &result, &error)) {
        case trace_pack_done: status = cmd_exit_ok; break;
        case trace_pack_nothing:
            cmd_warn("record: '%s' is not written: nothing was recorded in '%s'.", place.file,
                     path);
            break;
        case trace_pack_failed:
            cmd_warn("record: '%s' %s.", place.file, error.text);
            if (error.is_ours) status = cmd_exit_failed;
            break;
        }
        pack_release(before);
    }
    record_place_free(&place);
    return status;
}
