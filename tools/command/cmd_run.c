/* SPDX-License-Identifier: MIT-0
 *
 * `strata run`: a program with its memory from strata, and what it did with it.
 *
 *   1 read the command line          4 start the program, wait for its end
 *   2 find the library, the program  5 read what its processes wrote; remove the file
 *   3 make the report's file         6 print
 *
 * Nothing is printed before the file is removed, so that a closed pipe can't leave it behind.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include "strata.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the command line ---- */

enum { run_key_stats = 0x100, run_key_option, run_key_library, run_key_json, run_key_output };

static const struct argp_option run_options[] = {
    {"stats", run_key_stats, NULL, 0, "Report on memory when the program has ended", 0},
    {"option", run_key_option, "NAME=VALUE", 0,
     "Set a run-time option of strata; may be given again", 0},
    {"library", run_key_library, "PATH", 0,
     "Preload this libstrata.so; without, the one beside this command or in ../lib", 0},
    {"json", run_key_json, NULL, 0, "As --stats, in JSON on standard output", 0},
    {"output", run_key_output, "FILE", 0, "As --stats, but the report goes to FILE", 0},
    {"help", cmd_key_help, NULL, 0, "Show this help", 0},
    {0}};

static error_t run_add_option(cmd_request *request, const char *item)
{
    request->parse.status = cmd_options_check(request->parse.prefix, item);
    if (request->parse.status != 0) return EINVAL;
    char *joined = cmd_format("%s%s%s", request->options != NULL ? request->options : "",
                              request->options != NULL ? "," : "", item);
    if (joined == NULL) return ENOMEM;
    free(request->options);
    request->options = joined;
    return 0;
}

static error_t run_parse(int key, char *argument, struct argp_state *state)
{
    cmd_request *request = state->input;
    switch (key) {
    case run_key_stats: request->stats = true; return 0;
    case run_key_option: return run_add_option(request, argument);
    case run_key_library: request->library = argument; return 0;
    case run_key_json: request->stats = request->json = true; return 0;
    case run_key_output:
        request->stats = true;
        request->output = argument;
        return 0;
    case ARGP_KEY_ARG:
        request->program = &state->argv[state->next - 1];
        state->next = state->argc;
        return 0;
    default: return cmd_parse_common(key, state);
    }
}

const struct argp cmd_run_argp = {
    run_options,
    run_parse,
    "[--] PROGRAM [ARGUMENT...]",
    "Runs PROGRAM with its memory from strata: libstrata.so is preloaded, in front of what "
    "LD_PRELOAD already names. Options given here come behind those in STRATA_OPTIONS.\v"
    "The report has the numbers that each process of the program writes when it exits. A "
    "process "
    "that is killed, or ends by _exit, writes none; then only the operating system's are "
    "shown.\n"
    "\n"
    "  peak memory     most that was resident (VmHWM), code and libraries included\n"
    "  footprint       memory held by strata: live, free, cached, records\n"
    "  live            bytes in blocks that are in use, with their overhead\n"
    "  fragmentation   free bytes inside the footprint, divided by the footprint\n"
    "  footprint/live  bytes held for each byte live\n"
    "  direct blocks   large blocks with a mapping of their own\n"
    "\n"
    "Exit status: the program's; 128 + N if signal N killed it; 127 if there is no such "
    "program, "
    "126 if it can't be executed; 2 if the command line is wrong; 125 if strata itself failed. "
    "SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on to the program.",
    NULL,
    NULL,
    NULL};

/* ---- the file that the processes write to ---- */

/* A new empty file in a directory that only we may enter. In a directory of its own, because a
 * process that outlives the program opens it after it was removed, and shall not make it anew. */
typedef struct run_file {
    char *directory;
    char *path;
    int descriptor;
} run_file;

static void run_remove_file(run_file *file)
{
    if (file->descriptor >= 0) {
        unlink(file->path);
        close(file->descriptor);
    }
    if (file->directory != NULL) rmdir(file->directory);
    free(file->path);
    free(file->directory);
}

/* False after a sentence. run_remove_file if it succeeds. */
static bool run_make_file(run_file *file)
{
    const char *parent = getenv("TMPDIR");
    if (parent == NULL || parent[0] == '\0') parent = "/tmp";
    *file = (run_file){.descriptor = -1};
    char *resolved = realpath(parent, NULL); /* the program may run elsewhere */
    char *directory = resolved != NULL ? cmd_format("%s/strata-XXXXXX", resolved) : NULL;
    free(resolved);
    if (directory != NULL && mkdtemp(directory) != NULL) {
        file->directory = directory;
        file->path = cmd_format("%s/report", directory);
    } else {
        const int error = errno;
        free(directory);
        errno = error;
    }
    if (file->path != NULL) {
        file->descriptor = open(file->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
    if (file->descriptor >= 0) return true;
    cmd_warn("run: no temporary file can be made in '%s': %s.", parent, strerror(errno));
    run_remove_file(file);
    return false;
}

/* ---- the steps ---- */

static int run_launch(const cmd_request *request, const char *path, const char *report_path,
                      cmd_result *result)
{
    cmd_environ made;
    int status = cmd_exit_failed;
    if (cmd_environ_make(&made, result->library, request->options, report_path)) {
        status = cmd_launch(path, request->program, made.entry, &result->outcome);
    } else {
        cmd_warn("run: there is no memory.");
    }
    cmd_environ_free(&made);
    return status;
}

static int run_exit_status(const cmd_outcome *outcome)
{
    return outcome->signal != 0 ? cmd_exit_killed + outcome->signal : outcome->exit_status;
}

/* Prints, and returns the exit status: the program's, also if the report can't be written. */
static int run_print(const cmd_request *request, const cmd_result *result, FILE *stream)
{
    signal(SIGPIPE, SIG_IGN);
    if (request->json) {
        cmd_json(stream, result);
    } else {
        cmd_print(stream, result);
    }
    if (ferror(stream) || fflush(stream) != 0) {
        cmd_warn("run: the report can't be written: %s.", strerror(errno));
    }
    return run_exit_status(&result->outcome);
}

static int run_with_stats(const cmd_request *request, const char *path, cmd_result *result,
                          FILE *stream)
{
    run_file file;
    if (!run_make_file(&file)) return cmd_exit_failed;
    int status = run_launch(request, path, file.path, result);
    /* The processes wrote through descriptors of their own: ours is still at the start. */
    char *text = cmd_read_all(file.descriptor);
    run_remove_file(&file);
    if (status != 0) {
        free(text);
        return status;
    }
    if (text == NULL || !cmd_report_parse(&result->report, text)) {
        cmd_warn("run: there is no memory for the report.");
        status = run_exit_status(&result->outcome);
    } else {
        status = run_print(request, result, stream);
    }
    cmd_report_free(&result->report);
    return status;
}

/* Opens where the report goes before the program runs, so that a mistake costs nothing. */
static int run_open_and_go(const cmd_request *request, const char *path, cmd_result *result)
{
    if (!request->stats) {
        const int status = run_launch(request, path, NULL, result);
        return status != 0 ? status : run_exit_status(&result->outcome);
    }
    if (request->output == NULL) {
        return run_with_stats(request, path, result, request->json ? stdout : stderr);
    }
    FILE *stream = fopen(request->output, "we");
    if (stream == NULL) {
        return cmd_fail(cmd_exit_bad_input, "run: '%s' can't be written: %s.", request->output,
                        strerror(errno));
    }
    const int status = run_with_stats(request, path, result, stream);
    fclose(stream);
    return status;
}

static int run_request(const cmd_request *request)
{
    int status = cmd_exit_ok;
    cmd_result result = {.program = request->program};
    char *library = cmd_find_library(request->library, &status);
    char *path = library != NULL ? cmd_find_program(request->program[0], &status) : NULL;
    if (path != NULL) {
        char *obstacle = cmd_elf_obstacle(path, library);
        result.library = library;
        result.obstacle = obstacle;
        if (obstacle != NULL) cmd_warn("run: %s; strata can't be preloaded into it.", obstacle);
        status = run_open_and_go(request, path, &result);
        free(obstacle);
    }
    free(path);
    free(library);
    return status;
}

int cmd_run_main(int argc, char **argv)
{
    /* We run on the library too; what it reports at exit is to be the program's alone. */
    strata_option_set("report", 0);
    cmd_request request = {.parse = {"run: ", "strata help run", 0, false}};
    int status = cmd_parse_arguments(&cmd_run_argp, argc, argv, &request.parse);
    if (status == 0 && request.parse.wants_help) {
        status = cmd_show_help(&cmd_run_argp, "run");
    } else if (status == 0 && request.program == NULL) {
        status = cmd_fail(cmd_exit_bad_input,
                          "run: a program is missing; `strata help run` shows how.");
    } else if (status == 0) {
        status = run_request(&request);
    }
    free(request.options);
    return status;
}
