/* SPDX-License-Identifier: MIT-0
 *
 * `strata record`: a program with libstrata_record.so preloaded, which writes down what its
 * processes allocate and free.
 *
 *   1 read the command line           4 start the program, wait for its end
 *   2 find the recorder, the program  5 pack what its processes recorded
 *   3 make a place for recordings     6 show what there is
 */
#define _GNU_SOURCE
#include "cmd_record.h"

#include "strata.h"

#include <stdlib.h>
#include <string.h>

/* ---- the command line ---- */

enum { record_key_limit = 0x100, record_key_times, record_key_library, record_key_pack };

typedef struct record_request {
    cmd_parse parse;
    const char *output;
    const char *library; /* NULL: look for it */
    const char *pack;    /* a recording to be packed; NULL: record */
    uint64_t limit;      /* 0: none */
    bool with_times;
    bool is_quiet;
    char **program; /* its arguments, NULL at the end */
} record_request;

static const struct argp_option record_options[] = {
    {"output", 'o', "FILE", 0, "Write the trace to FILE; compressed if it ends in .zst or .xz",
     0},
    {"limit", record_key_limit, "N", 0,
     "Stop recording a process after N operations; 10k is 10,000, 5m is 5,000,000", 0},
    {"times", record_key_times, NULL, 0,
     "Record when things happened, and the program's path, as notes", 0},
    {"library", record_key_library, "PATH", 0,
     "Preload this libstrata_record.so; without, the one beside this command or in "
     "../libexec/strata",
     0},
    {"quiet", 'q', NULL, 0, "Do not show what was recorded", 0},
    {"pack", record_key_pack, "RECORDING", 0,
     "Instead of running a program, make FILE of a recording that was left behind", 0},
    {"help", cmd_key_help, NULL, 0, "Show this help", 0},
    {0}};

/* A count such as 500, 10k or 2m; 0 if it is none, or none that counts anything. */
static uint64_t record_parse_limit(const char *text)
{
    uint64_t limit = 0;
    uint64_t scale = 1;
    if (*text < '0' || *text > '9') return 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(limit, 10, &limit)) return 0;
        if (__builtin_add_overflow(limit, (uint64_t)(*text - '0'), &limit)) return 0;
    }
    if (*text == 'k') scale = 1000;
    if (*text == 'm') scale = 1000000;
    if (scale != 1) text++;
    if (*text != '\0' || __builtin_mul_overflow(limit, scale, &limit)) return 0;
    return limit;
}

static error_t record_parse(int key, char *argument, struct argp_state *state)
{
    record_request *request = state->input;
    switch (key) {
    case 'o': request->output = argument; return 0;
    case 'q': request->is_quiet = true; return 0;
    case record_key_times: request->with_times = true; return 0;
    case record_key_library: request->library = argument; return 0;
    case record_key_pack: request->pack = argument; return 0;
    case record_key_limit:
        request->limit = record_parse_limit(argument);
        if (request->limit > 0) return 0;
        request->parse.status =
            cmd_fail(cmd_exit_bad_input,
                     "record: --limit needs a number of operations such as 500, 10k or 2m, "
                     "not '%s'.",
                     argument);
        return EINVAL;
    case ARGP_KEY_ARG:
        request->program = &state->argv[state->next - 1];
        state->next = state->argc;
        return 0;
    default: return cmd_parse_common(key, state);
    }
}

const struct argp cmd_record_argp = {
    record_options,
    record_parse,
    "-o FILE [--] PROGRAM [ARGUMENT...]\n-o FILE --pack RECORDING",
    "Runs PROGRAM and records each malloc, calloc, realloc, free and aligned allocation of its "
    "processes, as traces that `strata trace`, `strata replay` and `strata simulate` read.\v"
    "The trace of PROGRAM is FILE; when PROGRAM executes another program in its place, that "
    "one's. Each other process has its own beside it: for FILE = app.tr.zst, process 123 "
    "running sort has app.123.sort.tr.zst.\n"
    "\n"
    "Until PROGRAM has ended, recordings lie in the directory FILE.recording. However a "
    "process ends, its recording is good up to there. What a process that outlives PROGRAM "
    "records stays there, for --pack.\n"
    "\n"
    "Exit status: the program's; 128 + N if signal N killed it; 127 if there is no such "
    "program, 126 if it can't be executed; 2 if the command line is wrong; 125 if strata "
    "itself failed, or if the program was successful and a trace could not be written. "
    "Signals are passed on as by `strata run`.",
    NULL,
    NULL,
    NULL};

/* ---- the steps ---- */

/* The recorder as a new absolute path; NULL after a sentence, with *status set. */
static char *record_find_recorder(const char *asked, int *status)
{
    char *tool = NULL;
    if (asked == NULL) {
        tool = cmd_find_tool("libstrata_record.so");
        *status = cmd_exit_failed;
        if (tool == NULL) return NULL;
    }
    /* Which checks that it can be preloaded. */
    char *path = cmd_find_library(asked != NULL ? asked : tool, status);
    free(tool);
    return path;
}

/* The recorder's settings, in our environment, from where the program's is made. */
static bool record_set_environment(const record_request *request, const record_place *place)
{
    char limit[24];
    snprintf(limit, sizeof limit, "%llu", (unsigned long long)request->limit);
    unsetenv("STRATA_RECORD_LIMIT");
    unsetenv("STRATA_RECORD_TIMES");
    return setenv("STRATA_RECORD_DIRECTORY", place->directory, 1) == 0 &&
           (request->limit == 0 || setenv("STRATA_RECORD_LIMIT", limit, 1) == 0) &&
           (!request->with_times || setenv("STRATA_RECORD_TIMES", "1", 1) == 0);
}

static int record_launch(const record_request *request, const record_place *place,
                         const char *path, cmd_result *result)
{
    cmd_environ made = {0};
    int status = cmd_exit_failed;
    if (record_set_environment(request, place) &&
        cmd_environ_make(&made, result->library, NULL, NULL)) {
        status = cmd_launch(path, request->program, made.entry, &result->outcome);
    } else {
        cmd_warn("record: there is no memory.");
    }
    cmd_environ_free(&made);
    return status;
}

static int record_exit_status(const cmd_outcome *outcome)
{
    return outcome->signal != 0 ? cmd_exit_killed + outcome->signal : outcome->exit_status;
}

/* Steps 3 to 6. */
static int record_run(const record_request *request, const char *path, cmd_result *result)
{
    record_place place;
    int status = cmd_exit_bad_input;
    if (record_place_make(&place, request->output)) {
        if (result->obstacle != NULL) {
            cmd_warn("record: %s; nothing can be preloaded into it, and what it allocates "
                     "itself is not recorded.",
                     result->obstacle);
        }
        status = record_launch(request, &place, path, result);
        const bool is_launched = status == 0;
        if (is_launched) status = record_exit_status(&result->outcome);
        const bool is_quiet = request->is_quiet || !is_launched;
        if (!record_pack_all(&place, result, is_quiet) && status == 0) {
            status = cmd_exit_failed;
        }
    }
    record_place_free(&place);
    return status;
}

static int record_request_run(const record_request *request)
{
    int status = cmd_exit_ok;
    cmd_result result = {.program = request->program};
    char *library = record_find_recorder(request->library, &status);
    char *path = library != NULL ? cmd_find_program(request->program[0], &status) : NULL;
    if (path != NULL) {
        char *obstacle = cmd_elf_obstacle(path, library);
        result.library = library;
        result.obstacle = obstacle;
        status = record_run(request, path, &result);
        free(obstacle);
    }
    free(path);
    free(library);
    return status;
}

/* The command line is well-formed; is it enough? */
static int record_obey(const record_request *request)
{
    if (request->output == NULL) {
        return cmd_fail(cmd_exit_bad_input,
                        "record: -o FILE is missing, which says where the trace goes.");
    }
    if (request->pack != NULL && request->program != NULL) {
        return cmd_fail(cmd_exit_bad_input, "record: --pack runs no program; '%s' is too much.",
                        request->program[0]);
    }
    if (request->pack != NULL) return record_pack_one(request->pack, request->output);
    if (request->program == NULL) {
        return cmd_fail(cmd_exit_bad_input,
                        "record: a program is missing; `strata help record` shows how.");
    }
    return record_request_run(request);
}

int cmd_record_main(int argc, char **argv)
{
    /* We run on the library too; it has nothing to report here. */
    strata_option_set("report", 0);
    cmd_starter = "record: ";
    record_request request = {.parse = {"record: ", "strata help record", 0, false}};
    const int status = cmd_parse_arguments(&cmd_record_argp, argc, argv, &request.parse);
    if (status != 0) return status;
    if (request.parse.wants_help) return cmd_show_help(&cmd_record_argp, "record");
    return record_obey(&request);
}
