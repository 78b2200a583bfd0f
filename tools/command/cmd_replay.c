/* SPDX-License-Identifier: MIT-0
 *
 * `strata replay`: its command line, and which allocators are compared. What it then does is in
 * cmd_replay_report.c.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include <errno.h>
#include <string.h>

enum { replay_key_allocator = 0x100, replay_key_peers };

static const struct argp_option replay_options[] = {
    {"allocator", replay_key_allocator, "[LABEL=]LIB", 0,
     "Compare with this one: the path of a shared library, or system, strata, jemalloc, "
     "mimalloc "
     "or tcmalloc; may be given again. Without: system",
     0},
    {"peers", replay_key_peers, NULL, 0,
     "Also with those of jemalloc, mimalloc and tcmalloc that are installed", 0},
#include "cmd_replay_options.def"
};

typedef struct replay_request {
    cmd_replay_request shared; /* first, for argp */
    bool has_allocator;        /* --allocator was given */
    bool has_strata;           /* as one of them */
    bool has_peers;
} replay_request;

static error_t replay_add_allocator(replay_request *request, const char *value)
{
    cmd_parse *parse = &request->shared.parse;
    request->has_allocator = true;
    if (strcmp(value, "strata") == 0) request->has_strata = true;
    parse->status =
        cmd_contenders_add(&request->shared.comparison.contenders, value, parse->prefix);
    return parse->status != 0 ? EINVAL : 0;
}

static error_t replay_parse(int key, char *argument, struct argp_state *state)
{
    replay_request *request = state->input;
    switch (key) {
    case replay_key_allocator: return replay_add_allocator(request, argument);
    case replay_key_peers: request->has_peers = true; return 0;
    default: return cmd_replay_parse(key, argument, state);
    }
}

const struct argp cmd_replay_argp = {
    replay_options,
    replay_parse,
    "FILE...",
    "Replays the allocations and frees of traces on strata, on the system's allocator and on "
    "others, and compares what each takes: time, memory, page faults, system calls. Each run "
    "is a fresh process; allocators take turns.\v"
    "Strata is the first column, unless --allocator strata puts it elsewhere; where there is "
    "no "
    "libstrata.so and other allocators are named, it is left out.\n"
    "\n"
    "Exit status: 0; 1 if an allocator crashed, refused memory or damaged what was written; 2 "
    "if "
    "the command line or a trace is wrong; 125 if strata itself failed.",
    NULL,
    NULL,
    NULL};

/* The columns in the order that the help tells. */
static int replay_choose(cmd_replay_request *shared)
{
    const replay_request *request = (const replay_request *)shared;
    cmd_contenders *contenders = &shared->comparison.contenders;
    const char *prefix = shared->parse.prefix;
    int status = cmd_exit_ok;
    if (!request->has_allocator) status = cmd_contenders_add(contenders, "system", prefix);
    if (status == cmd_exit_ok && !request->has_strata) {
        status = cmd_contenders_add_strata(contenders, 0, !request->has_allocator, prefix);
    }
    if (status == cmd_exit_ok && request->has_peers) {
        status = cmd_contenders_add_peers(contenders, prefix);
    }
    return status;
}

int cmd_replay_main(int argc, char **argv)
{
    replay_request request = {
        .shared = {.parse = {"replay: ", "strata help replay", 0, false}}};
    (void)argc;
    return cmd_replay_main_of(&request.shared, "replay", &cmd_replay_argp, argv, replay_choose);
}
