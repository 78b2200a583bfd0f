/* SPDX-License-Identifier: MIT-0
 *
 * `strata trace`: what is in traces.
 *
 * Each file is read once, and told before the next is read; so one at a time is in memory. A file
 * that is no sound trace gets its sentence, the others are told all the same, and the exit status
 * says that one was bad. A picture that can't be drawn is told once; the figures come anyway.
 */
#define _GNU_SOURCE
#include "cmd_trace.h"

#include "cmd_plot.h"
#include "strata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the command line ---- */

enum { trace_key_json = 0x100, trace_key_plot };

static const struct argp_option trace_options[] = {
    {"json", trace_key_json, NULL, 0, "Write JSON", 0},
    {"plot", trace_key_plot, "DIR", 0,
     "Draw sizes, lifetimes and live memory of each trace into SVG files in DIR (needs "
     "gnuplot)",
     0},
    {"help", cmd_key_help, NULL, 0, "Show this help", 0},
    {0}};

typedef struct trace_request {
    cmd_parse parse;
    bool json;
    const char *directory; /* for pictures; NULL: none are wanted */
    char **file;
    int file_count;
    int good_count; /* files told so far */
    bool wants_progress;
} trace_request;

static error_t trace_parse(int key, char *argument, struct argp_state *state)
{
    trace_request *request = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        request->file = calloc((size_t)state->argc + 1, sizeof request->file[0]);
        return request->file != NULL ? 0 : ENOMEM;
    case trace_key_json: request->json = true; return 0;
    case trace_key_plot: request->directory = argument; return 0;
    case ARGP_KEY_ARG: request->file[request->file_count++] = argument; return 0;
    default: return cmd_parse_common(key, state);
    }
}

const struct argp cmd_trace_argp = {
    trace_options,
    trace_parse,
    "FILE...",
    "Tells what is in traces: files as `strata record` writes them, plain or compressed with "
    "xz "
    "or zstd. One FILE is told in full; of several, each is a row of a table.\v"
    "  request    an allocation or a realloc; both ask for a size\n"
    "  live       bytes asked for and not freed; what allocators add is not in it\n"
    "  crossing   a free or realloc by another thread than the one that allocated or resized "
    "the object last\n"
    "  lifetime   from an object's allocation to its free; told in operations of the whole "
    "program, in bytes requested meanwhile, and in time if the trace has times\n"
    "  left       what was not freed when the recording ended\n"
    "\n"
    "Exit status: 0; 2 if the command line is wrong, or a FILE can't be read or is no sound "
    "trace; 125 if strata itself failed, or a picture could not be drawn.",
    NULL,
    NULL,
    NULL};

/* ---- what the ways of telling share ---- */

enum { trace_name_max = 60 };

const char *cmd_trace_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}

double cmd_trace_percent(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

bool cmd_trace_find_bins(const trace_stats_bin *bins, unsigned *first, unsigned *last)
{
    bool found = false;
    for (unsigned i = 0; i < trace_stats_bin_count; i++) {
        if (bins[i].count == 0) continue;
        if (!found) *first = i;
        *last = i;
        found = true;
    }
    return found;
}

const char *cmd_trace_time_text(uint64_t time_ns, cmd_buffer *buffer)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double scaled = (double)time_ns;
    size_t unit = 0;
    while (scaled >= 999.95 && unit + 1 < sizeof units / sizeof units[0]) {
        scaled /= 1000;
        unit++;
    }
    snprintf(buffer->text, sizeof buffer->text, "%.*f %s", unit > 0, scaled, units[unit]);
    return buffer->text;
}

/* The length of the name in "python.tr.xz", without the endings; what is too long is cut. */
static int trace_name_length(const char *base)
{
    static const char *const endings[] = {".xz", ".zst", ".tr"};
    size_t length = strlen(base);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        const size_t size = strlen(endings[i]);
        if (length > size && memcmp(base + length - size, endings[i], size) == 0) {
            length -= size;
        }
    }
    return length < trace_name_max ? (int)length : trace_name_max;
}

/* Names the trace of file `at`: "dir/python.tr.xz" is "python", and "other/python.tr", if it comes
 * later, "python-2": pictures get these names. */
static void trace_set_name(const trace_request *request, int at, cmd_trace *trace)
{
    const char *base = cmd_trace_base_name(request->file[at]);
    const int length = trace_name_length(base);
    int same_count = 1;
    for (int i = 0; i < at; i++) {
        const char *other = cmd_trace_base_name(request->file[i]);
        const bool is_same =
            trace_name_length(other) == length && memcmp(other, base, (size_t)length) == 0;
        if (is_same) same_count++;
    }
    snprintf(trace->name, sizeof trace->name, "%.*s", length, base);
    if (same_count > 1) {
        snprintf(trace->name + length, sizeof trace->name - (size_t)length, "-%d", same_count);
    }
}

/* ---- reading ---- */

enum { trace_progress_ops = 1 << 20 };

static void trace_show_progress(const trace_reader *reader, const char *name)
{
    const double part =
        cmd_trace_percent(trace_get_position(reader), trace_get_header(reader)->byte_count);
    fprintf(stderr, "\rstrata: %s: %.0f %% read ", name, part);
}

/* Counts all operations. 0, or an exit status after a sentence. */
static int trace_count(const trace_request *request, const cmd_trace *trace,
                       trace_reader *reader)
{
    trace_op op;
    trace_error error;
    int got = 0;
    bool counted = trace_stats_init(trace->stats, trace_get_header(reader));
    bool shown = false;
    while (counted && (got = trace_next(reader, &op, &error)) > 0) {
        counted = trace_stats_add(trace->stats, &op);
        if (request->wants_progress && trace->stats->op_count % trace_progress_ops == 0) {
            trace_show_progress(reader, trace->name);
            shown = true;
        }
    }
    if (shown) fputs("\r\033[K", stderr);
    if (!counted) {
        return cmd_fail(cmd_exit_failed, "trace: there is no memory to count '%s'.",
                        trace->path);
    }
    if (got == 0) return cmd_exit_ok;
    return cmd_fail(error.is_ours ? cmd_exit_failed : cmd_exit_bad_input, "trace: '%s' %s.",
                    trace->path, error.text);
}

/* ---- telling ---- */

/* False if a picture could not be drawn. */
static bool trace_tell(trace_request *request, const cmd_trace *trace)
{
    const bool is_first = request->good_count++ == 0;
    if (request->json) {
        fputs(is_first ? "{\n  \"format\": \"strata-trace 1\",\n  \"traces\": [\n" : ",\n",
              stdout);
        cmd_trace_json(stdout, trace);
    } else if (request->file_count > 1) {
        if (is_first) cmd_trace_print_head();
        cmd_trace_print_row(trace);
    } else {
        cmd_trace_print(trace);
    }
    return request->directory == NULL || cmd_trace_plot(trace, request->directory);
}

static int trace_read_and_tell(trace_request *request, cmd_trace *trace)
{
    trace_error error;
    trace_reader *reader = trace_open(trace->path, &error);
    if (reader == NULL) {
        return cmd_fail(error.is_ours ? cmd_exit_failed : cmd_exit_bad_input, "trace: '%s' %s.",
                        trace->path, error.text);
    }
    int status = trace_count(request, trace, reader);
    if (status == cmd_exit_ok) {
        trace->program = trace_get_program(reader);
        trace->base_name = cmd_trace_base_name(trace->program);
        if (!trace_tell(request, trace)) {
            request->directory = NULL;
            status = cmd_exit_failed;
        }
    }
    trace_stats_fini(trace->stats);
    trace_close(reader);
    return status;
}

/* The first status that is not 0 counts: each had its sentence. */
static int trace_tell_all(trace_request *request)
{
    trace_stats *stats = malloc(sizeof *stats);
    if (stats == NULL) return cmd_fail(cmd_exit_failed, "trace: there is no memory.");
    int status = cmd_exit_ok;
    for (int i = 0; i < request->file_count; i++) {
        cmd_trace trace = {.path = request->file[i], .stats = stats};
        trace_set_name(request, i, &trace);
        const int one_status = trace_read_and_tell(request, &trace);
        if (status == cmd_exit_ok) status = one_status;
    }
    free(stats);
    if (request->json && request->good_count > 0) fputs("\n  ]\n}\n", stdout);
    return status;
}

static int trace_run(trace_request *request)
{
    if (request->file_count == 0) {
        return cmd_fail(cmd_exit_bad_input,
                        "trace: a file is missing; `strata help trace` shows how.");
    }
    if (request->directory != NULL && !cmd_plot_make_directory("trace: ", request->directory)) {
        return cmd_exit_bad_input;
    }
    request->wants_progress = isatty(STDERR_FILENO);
    return trace_tell_all(request);
}

int cmd_trace_main(int argc, char **argv)
{
    /* We run on the library too; a report at exit would stand between the figures. */
    strata_option_set("report", 0);
    trace_request request = {.parse = {"trace: ", "strata help trace", 0, false}};
    int status = cmd_parse_arguments(&cmd_trace_argp, argc, argv, &request.parse);
    if (status == 0 && request.parse.wants_help) {
        status = cmd_show_help(&cmd_trace_argp, "trace");
    } else if (status == 0) {
        status = trace_run(&request);
    }
    free(request.file);
    return status;
}
