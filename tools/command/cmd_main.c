/* SPDX-License-Identifier: MIT-0
 *
 * The `strata` command: runs programs on strata and tells what they did with memory.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include "strata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct main_subcommand {
    const char *name;
    const struct argp *argp;
    int (*run)(int argc, char **argv);
} main_subcommand;

static int main_help(int argc, char **argv);

static const struct argp_option main_help_options[] = {
    {"help", cmd_key_help, NULL, 0, "Show this help", 0}, {0}};

/* Stops at the first argument, which is the subcommand (or the topic). */
typedef struct main_request {
    cmd_parse parse;
    bool version;
    int first; /* index of the first argument; argc if there is none */
} main_request;

enum { main_key_version = 'V' };

static error_t main_parse(int key, char *argument, struct argp_state *state)
{
    main_request *request = state->input;
    (void)argument;
    switch (key) {
    case ARGP_KEY_INIT: request->first = state->argc; return 0;
    case main_key_version: request->version = true; return 0;
    case ARGP_KEY_ARG:
        request->first = state->next - 1;
        state->next = state->argc;
        return 0;
    default: return cmd_parse_common(key, state);
    }
}

static const struct argp_option main_options[] = {
    {"help", cmd_key_help, NULL, 0, "Show this help", 0},
    {"version", main_key_version, NULL, 0, "Show the version of strata", 0},
    {0}};

static const struct argp main_argp = {
    main_options,
    main_parse,
    "SUBCOMMAND [ARGUMENT...]",
    "Runs programs on the memory allocator strata, and tells what they did with memory.\v"
    "Subcommands:\n"
    "  run       run a program with its memory from strata\n"
    "  record    record what a program allocates and frees, as a trace\n"
    "  trace     tell what is in a trace\n"
    "  replay    replay traces on strata and other allocators, and compare them\n"
    "  simulate  replay a trace under several configurations of strata\n"
    "  options   list the run-time options of strata\n"
    "  help      show the help of a subcommand\n"
    "\n"
    "Exit status: 0; 2 if the command line is wrong; 125 if strata itself failed. "
    "`strata run` ends as its program does.",
    NULL,
    NULL,
    NULL};

static const struct argp main_help_argp = {
    main_help_options,
    main_parse,
    "[SUBCOMMAND]",
    "Shows how `strata`, or one of its subcommands, is used.",
    NULL,
    NULL,
    NULL};

static const main_subcommand main_subcommands[] = {
    {"run", &cmd_run_argp, cmd_run_main},
    {"record", &cmd_record_argp, cmd_record_main},
    {"trace", &cmd_trace_argp, cmd_trace_main},
    {"replay", &cmd_replay_argp, cmd_replay_main},
    {"simulate", &cmd_simulate_argp, cmd_simulate_main},
    {"options", &cmd_options_argp, cmd_options_main},
    {"help", &main_help_argp, main_help},
};

static const main_subcommand *main_find(const char *name)
{
    for (size_t i = 0; i < sizeof main_subcommands / sizeof main_subcommands[0]; i++) {
        if (strcmp(main_subcommands[i].name, name) == 0) return &main_subcommands[i];
    }
    cmd_warn("there is no subcommand '%s'; `strata --help` lists them.", name);
    return NULL;
}

int cmd_show_help(const struct argp *argp, const char *name)
{
    char *full_name =
        strcmp(name, "strata") == 0 ? strdup(name) : cmd_format("strata %s", name);
    if (full_name == NULL) return cmd_fail(cmd_exit_failed, "there is no memory.");
    argp_help(argp, stdout, ARGP_HELP_LONG | ARGP_HELP_DOC | ARGP_HELP_USAGE, full_name);
    free(full_name);
    return cmd_exit_ok;
}

static int main_help(int argc, char **argv)
{
    main_request request = {.parse = {"help: ", "strata help help", 0, false}};
    if (cmd_parse_arguments(&main_help_argp, argc, argv, &request.parse) != 0) {
        return request.parse.status;
    }
    if (request.parse.wants_help) return cmd_show_help(&main_help_argp, "help");
    if (request.first == argc) return cmd_show_help(&main_argp, "strata");
    if (request.first + 1 < argc) {
        return cmd_fail(cmd_exit_bad_input, "help: '%s' is one argument too many.",
                        argv[request.first + 1]);
    }
    const main_subcommand *subcommand = main_find(argv[request.first]);
    if (subcommand == NULL) return cmd_exit_bad_input;
    return cmd_show_help(subcommand->argp, subcommand->name);
}

static int main_version(void)
{
    const int version = strata_version();
    printf("strata %d.%d.%d\n", version / 10000, version / 100 % 100, version % 100);
    return cmd_exit_ok;
}

static int main_run(int argc, char **argv)
{
    main_request request = {.parse = {"", "strata --help", 0, false}};
    if (cmd_parse_arguments(&main_argp, argc, argv, &request.parse) != 0) {
        return request.parse.status;
    }
    if (request.parse.wants_help) return cmd_show_help(&main_argp, "strata");
    if (request.version) return main_version();
    if (request.first == argc) {
        return cmd_fail(cmd_exit_bad_input,
                        "a subcommand is missing; `strata --help` lists them.");
    }
    const main_subcommand *subcommand = main_find(argv[request.first]);
    if (subcommand == NULL) return cmd_exit_bad_input;
    return subcommand->run(argc - request.first, argv + request.first);
}

int main(int argc, char **argv)
{
    if (argc == 0) return cmd_fail(cmd_exit_bad_input, "the name of the command is missing.");
    const int status = main_run(argc, argv);
    if ((ferror(stdout) || fflush(stdout) != 0) && status == cmd_exit_ok) {
        return cmd_fail(cmd_exit_failed, "standard output can't be written: %s.",
                        strerror(errno));
    }
    return status;
}
