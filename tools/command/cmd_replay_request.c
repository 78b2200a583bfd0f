/* SPDX-License-Identifier: MIT-0
 *
 * What the command lines of `strata replay` and `strata simulate` have in common.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include "strata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { request_runs_max = 1000, request_passes_max = 100000, request_runs_usual = 5 };

/* A number of 1 to `most`. */
static error_t request_read_count(cmd_parse *parse, const char *name, const char *text,
                                  unsigned most, unsigned *value)
{
    char *end;
    errno = 0;
    const unsigned long number = strtoul(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && number >= 1 &&
        number <= most) {
        *value = (unsigned)number;
        return 0;
    }
    parse->status = cmd_fail(cmd_exit_bad_input, "%s%s wants a number from 1 to %u, not '%s'.",
                             parse->prefix, name, most, text);
    return EINVAL;
}

static error_t request_read_touch(cmd_replay_request *request, const char *value)
{
    static const char *const choices[] = {"pages", "all", "none"};
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        if (strcmp(value, choices[i]) == 0) {
            request->comparison.touch = choices[i];
            return 0;
        }
    }
    request->parse.status =
        cmd_fail(cmd_exit_bad_input, "%s--touch can be pages, all or none, not '%s'.",
                 request->parse.prefix, value);
    return EINVAL;
}

error_t cmd_replay_parse(int key, char *argument, struct argp_state *state)
{
    cmd_replay_request *request = state->input;
    cmd_comparison *comparison = &request->comparison;
    switch (key) {
    case cmd_replay_key_threads: comparison->with_threads = true; return 0;
    case cmd_replay_key_runs:
        return request_read_count(&request->parse, "--runs", argument, request_runs_max,
                                  &comparison->rounds);
    case cmd_replay_key_passes:
        return request_read_count(&request->parse, "--passes", argument, request_passes_max,
                                  &comparison->passes);
    case cmd_replay_key_touch: return request_read_touch(request, argument);
    case cmd_replay_key_instructions: comparison->with_instructions = true; return 0;
    case cmd_replay_key_json: comparison->json = true; return 0;
    case cmd_replay_key_output: comparison->output = argument; return 0;
    case cmd_replay_key_plot: comparison->plot = argument; return 0;
    case ARGP_KEY_ARG: request->path[request->path_count++] = argument; return 0;
    default: return cmd_parse_common(key, state);
    }
}

static int request_run(cmd_replay_request *request, const char *name,
                       int (*choose)(cmd_replay_request *request))
{
    if (request->path_count == 0) {
        return cmd_fail(cmd_exit_bad_input, "%sa trace is missing; `strata help %s` shows how.",
                        request->parse.prefix, name);
    }
    if (request->comparison.with_threads && request->comparison.with_instructions) {
        return cmd_fail(cmd_exit_bad_input,
                        "%s--instructions counts those of one thread; leave out --threads.",
                        request->parse.prefix);
    }
    const int status = choose(request);
    if (status != cmd_exit_ok) return status;
    return cmd_replay_compare(&request->comparison, request->path, request->path_count);
}

int cmd_replay_main_of(cmd_replay_request *request, const char *name, const struct argp *argp,
                       char **argv, int (*choose)(cmd_replay_request *request))
{
    int argc = 0;
    while (argv[argc] != NULL) argc++;
    /* We may run on the library too; what it reports at exit is of no use here. */
    strata_option_set("report", 0);
    request->comparison.prefix = request->parse.prefix;
    request->comparison.words = argv;
    request->comparison.touch = "pages";
    request->comparison.rounds = request_runs_usual;
    request->path = calloc((size_t)argc, sizeof *request->path);
    if (request->path == NULL) {
        return cmd_fail(cmd_exit_failed, "%sthere is no memory.", request->parse.prefix);
    }
    int status = cmd_parse_arguments(argp, argc, argv, &request->parse);
    if (status == cmd_exit_ok && request->parse.wants_help) {
        status = cmd_show_help(argp, name);
    } else if (status == cmd_exit_ok) {
        status = request_run(request, name, choose);
    }
    cmd_contenders_free(&request->comparison.contenders);
    free(request->path);
    return status;
}
