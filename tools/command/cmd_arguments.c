/* SPDX-License-Identifier: MIT-0
 *
 * argp, made to say one sentence. By itself it answers an option it does not know with two
 * lines and a hint at --usage; so it is told to be silent, and we find out what it stumbled on.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include <string.h>

/* The long option that `argument` ("--name" or "--name=value") is or uniquely begins. */
static const struct argp_option *arguments_find(const struct argp_option *options,
                                                const char *argument)
{
    const struct argp_option *found = NULL;
    const char *name = argument + 2;
    const size_t length = strcspn(name, "=");
    for (; options->name != NULL; options++) {
        if (strncmp(options->name, name, length) != 0) continue;
        if (options->name[length] == '\0') return options;
        if (found != NULL) return NULL;
        found = options;
    }
    return found;
}

/* Writes the sentence about what getopt refused. state->next is behind it, except that it is
 * still at a cluster of short options. */
static void arguments_explain(const struct argp_state *state, const cmd_parse *parse)
{
    const char *culprit = state->argv[state->next - 1];
    const struct argp_option *option = NULL;
    if (strncmp(culprit, "--", 2) == 0) {
        option = arguments_find(state->root_argp->options, culprit);
        const bool has_value = strchr(culprit, '=') != NULL;
        if (option != NULL && option->arg != NULL && !has_value) {
            cmd_warn("%s--%s needs a value, %s.", parse->prefix, option->name, option->arg);
            return;
        }
        if (option != NULL && option->arg == NULL && has_value) {
            cmd_warn("%s--%s takes no value.", parse->prefix, option->name);
            return;
        }
    }
    const bool is_cluster = option != NULL || culprit[0] != '-';
    if (is_cluster && state->next < state->argc) culprit = state->argv[state->next];
    cmd_warn("%sthere is no option '%s'; `%s` lists them.", parse->prefix, culprit,
             parse->help);
}

error_t cmd_parse_common(int key, struct argp_state *state)
{
    cmd_parse *parse = state->input;
    if (key == cmd_key_help) {
        parse->wants_help = true;
        return 0;
    }
    if (key == ARGP_KEY_ERROR && parse->status == 0) {
        arguments_explain(state, parse);
        parse->status = cmd_exit_bad_input;
    }
    return ARGP_ERR_UNKNOWN;
}

int cmd_parse_arguments(const struct argp *argp, int argc, char **argv, cmd_parse *parse)
{
    const unsigned flags = ARGP_IN_ORDER | ARGP_NO_ERRS | ARGP_NO_HELP;
    if (argp_parse(argp, argc, argv, flags, NULL, parse) != 0 && parse->status == 0) {
        parse->status = cmd_fail(cmd_exit_failed, "%sthere is no memory.", parse->prefix);
    }
    return parse->status;
}
