/* SPDX-License-Identifier: MIT-0
 *
 * `strata simulate`: what if strata's options were others? The same replays and figures as of
 * `strata replay`, but the columns are strata with its default options and with every
 * combination of the values that are given.
 */
#define _GNU_SOURCE
#include "cmd_replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { simulate_key_option = 0x100, simulate_options_max = 16 };

static const struct argp_option simulate_options[] = {
    {"option", simulate_key_option, "NAME=VALUE[,VALUE...]", 0,
     "A run-time option of strata and the values to try; may be given again for another "
     "option, "
     "and then every combination is tried",
     0},
#include "cmd_replay_options.def"
};

/* An option and its values: item[i] is "name=value". */
typedef struct simulate_option {
    char **item;
    size_t count;
} simulate_option;

typedef struct simulate_request {
    cmd_replay_request shared; /* first, for argp */
    simulate_option option[simulate_options_max];
    size_t option_count;
} simulate_request;

/* ---- --option ---- */

static bool simulate_is_given(const simulate_request *request, const char *text, size_t length)
{
    for (size_t i = 0; i < request->option_count; i++) {
        const char *item = request->option[i].item[0];
        if (strncmp(item, text, length) == 0 && item[length] == '=') return true;
    }
    return false;
}

static error_t simulate_no_memory(cmd_parse *parse)
{
    parse->status = cmd_fail(cmd_exit_failed, "%sthere is no memory.", parse->prefix);
    return ENOMEM;
}

/* One value more of the last option. */
static error_t simulate_add_value(simulate_request *request, const char *name,
                                  size_t name_length, const char *value)
{
    cmd_parse *parse = &request->shared.parse;
    simulate_option *option = &request->option[request->option_count - 1];
    const size_t length = strcspn(value, ",");
    char **larger = realloc(option->item, (option->count + 1) * sizeof *larger);
    if (larger == NULL) return simulate_no_memory(parse);
    option->item = larger;
    char *item = cmd_format("%.*s=%.*s", (int)name_length, name, (int)length, value);
    if (item == NULL) return simulate_no_memory(parse);
    option->item[option->count++] = item;
    for (size_t i = 0; i + 1 < option->count; i++) {
        if (strcmp(option->item[i], item) != 0) continue;
        parse->status =
            cmd_fail(cmd_exit_bad_input, "%s%s is given twice.", parse->prefix, item);
        return EINVAL;
    }
    parse->status = cmd_options_check(parse->prefix, item);
    return parse->status != cmd_exit_ok ? EINVAL : 0;
}

static error_t simulate_add_option(simulate_request *request, const char *text)
{
    cmd_parse *parse = &request->shared.parse;
    const size_t name_length = strcspn(text, "=");
    if (text[name_length] == '\0' || name_length == 0) {
        parse->status =
            cmd_fail(cmd_exit_bad_input, "%s--option wants NAME=VALUE[,VALUE...], not '%s'.",
                     parse->prefix, text);
    } else if (simulate_is_given(request, text, name_length)) {
        parse->status = cmd_fail(cmd_exit_bad_input,
                                 "%s--option %.*s is given twice; its values go behind each "
                                 "other, with commas between.",
                                 parse->prefix, (int)name_length, text);
    } else if (request->option_count == simulate_options_max) {
        parse->status = cmd_fail(cmd_exit_bad_input, "%s%d options can be varied at most.",
                                 parse->prefix, simulate_options_max);
    }
    if (parse->status != cmd_exit_ok) return EINVAL;
    request->option_count++;
    for (const char *value = text + name_length; *value != '\0'; value += strcspn(value, ",")) {
        value++;
        const error_t error = simulate_add_value(request, text, name_length, value);
        if (error != 0) return error;
    }
    return 0;
}

static error_t simulate_parse(int key, char *argument, struct argp_state *state)
{
    if (key == simulate_key_option) return simulate_add_option(state->input, argument);
    return cmd_replay_parse(key, argument, state);
}

const struct argp cmd_simulate_argp = {
    simulate_options,
    simulate_parse,
    "FILE... --option NAME=VALUE[,VALUE...]...",
    "Replays traces on strata with its default options and with others, and compares what each "
    "configuration takes: what if? `strata options` lists the options.\v"
    "With several --option every combination of their values is tried, 31 at most; those that "
    "are not named keep their default. The figures are those of `strata replay`.\n"
    "\n"
    "Exit status: as of `strata replay`.",
    NULL,
    NULL,
    NULL};

/* ---- configurations ---- */

/* The options of combination `number`: the last option changes fastest. */
static char *simulate_combine(const simulate_request *request, size_t number)
{
    char *joined = strdup("");
    for (size_t i = request->option_count; i > 0 && joined != NULL; i--) {
        const simulate_option *option = &request->option[i - 1];
        char *longer = cmd_format("%s%s%s", option->item[number % option->count],
                                  joined[0] != '\0' ? "," : "", joined);
        number /= option->count;
        free(joined);
        joined = longer;
    }
    return joined;
}

static int simulate_choose(cmd_replay_request *shared)
{
    const simulate_request *request = (const simulate_request *)shared;
    cmd_contenders *contenders = &shared->comparison.contenders;
    const char *prefix = shared->parse.prefix;
    size_t count = 1;
    if (request->option_count == 0) {
        return cmd_fail(cmd_exit_bad_input,
                        "%s--option is missing; `strata help simulate` shows how.", prefix);
    }
    for (size_t i = 0; i < request->option_count && count < cmd_contender_max; i++) {
        count *= request->option[i].count;
    }
    if (count >= cmd_contender_max) {
        return cmd_fail(cmd_exit_bad_input,
                        "%sthese are more than %d combinations; take fewer values.", prefix,
                        cmd_contender_max - 1);
    }
    int status = cmd_contenders_add_strata(contenders, 0, true, prefix);
    if (status != cmd_exit_ok) return status;
    const char *library = contenders->list[0].library;
    free(contenders->list[0].label);
    contenders->list[0].label = strdup("default");
    for (size_t i = 0; i < count; i++) {
        const cmd_contender one = {.label = simulate_combine(request, i),
                                   .library = strdup(library),
                                   .options = simulate_combine(request, i)};
        const bool is_whole =
            contenders->list[0].label != NULL && one.library != NULL && one.options != NULL;
        if (!cmd_contenders_append(contenders, one) || !is_whole) {
            return cmd_fail(cmd_exit_failed, "%sthere is no memory.", prefix);
        }
    }
    return cmd_exit_ok;
}

int cmd_simulate_main(int argc, char **argv)
{
    simulate_request request = {
        .shared = {.parse = {"simulate: ", "strata help simulate", 0, false}}};
    (void)argc;
    const int status = cmd_replay_main_of(&request.shared, "simulate", &cmd_simulate_argp, argv,
                                          simulate_choose);
    for (size_t i = 0; i < request.option_count; i++) {
        for (size_t j = 0; j < request.option[i].count; j++) free(request.option[i].item[j]);
        free(request.option[i].item);
    }
    return status;
}
