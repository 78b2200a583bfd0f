/* SPDX-License-Identifier: MIT-0
 *
 * The environment that the program gets: ours, with up to three entries replaced.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool environ_is_named(const char *entry, const char *made)
{
    const size_t length = strcspn(made, "=");
    return strncmp(entry, made, length + 1) == 0;
}

static bool environ_is_replaced(const cmd_environ *made, const char *entry)
{
    return (made->preload != NULL && environ_is_named(entry, made->preload)) ||
           (made->options != NULL && environ_is_named(entry, made->options)) ||
           (made->report != NULL && environ_is_named(entry, made->report));
}

/* The value of a variable, or NULL if it is empty or not set. */
static const char *environ_value(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool environ_format(cmd_environ *made, const char *library, const char *options,
                           const char *report_path)
{
    const char *preload = environ_value("LD_PRELOAD");
    made->preload = cmd_format("LD_PRELOAD=%s%s%s", library, preload != NULL ? ":" : "",
                               preload != NULL ? preload : "");
    if (made->preload == NULL) return false;
    if (options != NULL) {
        const char *before = environ_value("STRATA_OPTIONS");
        made->options = cmd_format("STRATA_OPTIONS=%s%s%s", before != NULL ? before : "",
                                   before != NULL ? "," : "", options);
        if (made->options == NULL) return false;
    }
    if (report_path != NULL) {
        made->report = cmd_format("STRATA_REPORT=%s", report_path);
        if (made->report == NULL) return false;
    }
    return true;
}

bool cmd_environ_make(cmd_environ *made, const char *library, const char *options,
                      const char *report_path)
{
    memset(made, 0, sizeof *made);
    if (!environ_format(made, library, options, report_path)) return false;
    size_t count = 0;
    while (environ[count] != NULL) count++;
    const size_t made_count = 3;
    made->entry = calloc(count + made_count + 1, sizeof *made->entry);
    if (made->entry == NULL) return false;
    char **out = made->entry;
    for (size_t i = 0; i < count; i++) {
        if (!environ_is_replaced(made, environ[i])) *out++ = environ[i];
    }
    *out++ = made->preload;
    if (made->options != NULL) *out++ = made->options;
    if (made->report != NULL) *out++ = made->report;
    return true;
}

void cmd_environ_free(cmd_environ *made)
{
    free(made->entry);
    free(made->preload);
    free(made->options);
    free(made->report);
}
