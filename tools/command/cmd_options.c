/* SPDX-License-Identifier: MIT-0
 *
 * `strata options`: the run-time options as the library declares them; and the check of what
 * --option of `strata run` was given, so that a mistake is told before the program runs.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include "strata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static error_t options_parse(int key, char *argument, struct argp_state *state)
{
    cmd_parse *parse = state->input;
    if (key != ARGP_KEY_ARG) return cmd_parse_common(key, state);
    parse->status =
        cmd_fail(cmd_exit_bad_input, "options: '%s' is one argument too many.", argument);
    return EINVAL;
}

static const struct argp_option options_options[] = {
    {"help", cmd_key_help, NULL, 0, "Show this help", 0}, {0}};

const struct argp cmd_options_argp = {
    options_options,
    options_parse,
    NULL,
    "Lists the run-time options of strata: name, unit, default, range, and the value they have "
    "now, from STRATA_OPTIONS in the environment.\v"
    "Set them with `strata run --option NAME=VALUE`, or for any program that runs on strata "
    "with "
    "STRATA_OPTIONS=NAME=VALUE,NAME=VALUE in its environment. A VALUE is a decimal number, "
    "with "
    "k, m or g behind it for KiB, MiB or GiB; or max.",
    NULL,
    NULL,
    NULL};

static void options_print(const strata_option_info *info)
{
    cmd_buffer initial, minimum, maximum, value;
    printf("%-17s %-7s default %-6s range %s..%s, now %s\n", info->name, info->unit,
           cmd_value_text(info->initial, &initial), cmd_value_text(info->minimum, &minimum),
           cmd_value_text(info->maximum, &maximum), cmd_value_text(info->value, &value));
    printf("    %s\n", info->sentence);
}

/* Sets what a program started from here would set at its start. The library in this command does
 * not do so itself: with `strata run` that is the program's business. */
static void options_take_environment(void)
{
    const char *text = getenv("STRATA_OPTIONS");
    const char *bad = NULL;
    if (text == NULL || strata_options_parse(text, &bad) == 0) return;
    cmd_warn("options: in STRATA_OPTIONS '%.*s' is no option with a value in range.",
             (int)strcspn(bad, ","), bad);
}

int cmd_options_main(int argc, char **argv)
{
    cmd_parse parse = {"options: ", "strata help options", 0, false};
    if (cmd_parse_arguments(&cmd_options_argp, argc, argv, &parse) != 0) return parse.status;
    if (parse.wants_help) return cmd_show_help(&cmd_options_argp, "options");
    options_take_environment();
    strata_option_info info;
    for (unsigned i = 0; strata_option_describe(i, &info); i++) options_print(&info);
    return cmd_exit_ok;
}

static bool options_find(const char *name, size_t length, strata_option_info *info)
{
    for (unsigned i = 0; strata_option_describe(i, info); i++) {
        if (strlen(info->name) == length && memcmp(info->name, name, length) == 0) return true;
    }
    return false;
}

/* The value that `text` writes; what does not fit in a size_t is SIZE_MAX and *fits false.
 * False if it is no value. */
static bool options_read(const char *text, size_t *value, bool *fits)
{
    static const char suffixes[] = "kmg";
    *fits = true;
    *value = SIZE_MAX;
    if (strcmp(text, "max") == 0) return true;
    const size_t digit_count = strspn(text, "0123456789");
    if (digit_count == 0) return false;
    size_t number = 0;
    for (size_t i = 0; i < digit_count; i++) {
        const size_t digit = (size_t)(text[i] - '0');
        *fits = *fits && number <= (SIZE_MAX - digit) / 10;
        number = number * 10 + digit;
    }
    text += digit_count;
    const char *suffix = *text != '\0' ? strchr(suffixes, *text) : NULL;
    if (*text != '\0' && (suffix == NULL || text[1] != '\0')) return false;
    for (const char *unit = suffixes; suffix != NULL && unit <= suffix; unit++) {
        *fits = *fits && number <= SIZE_MAX / 1024;
        number *= 1024;
    }
    if (*fits) *value = number;
    return true;
}

int cmd_options_check(const char *prefix, const char *item)
{
    const char *equals = strchr(item, '=');
    strata_option_info info;
    if (equals == NULL || equals == item) {
        return cmd_fail(cmd_exit_bad_input, "%s--option wants NAME=VALUE, not '%s'.", prefix,
                        item);
    }
    const size_t length = (size_t)(equals - item);
    if (!options_find(item, length, &info)) {
        return cmd_fail(cmd_exit_bad_input,
                        "%sstrata has no option '%.*s'; `strata options` lists them.", prefix,
                        (int)length, item);
    }
    size_t value;
    bool fits;
    if (!options_read(equals + 1, &value, &fits)) {
        return cmd_fail(cmd_exit_bad_input,
                        "%s'%s' is no value for %s; write a decimal number, with k, m or g "
                        "behind it if need be, or max.",
                        prefix, equals + 1, info.name);
    }
    if (!fits || value < info.minimum || value > info.maximum) {
        cmd_buffer minimum, maximum;
        return cmd_fail(cmd_exit_bad_input, "%s%s can be %s to %s, not %s.", prefix, info.name,
                        cmd_value_text(info.minimum, &minimum),
                        cmd_value_text(info.maximum, &maximum), equals + 1);
    }
    return cmd_exit_ok;
}
