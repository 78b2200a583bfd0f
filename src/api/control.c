/* SPDX-License-Identifier: MIT-0
 *
 * Options from the outside: by name, by struct, as text. The text of the environment is read
 * here too, by init.c's call.
 */
#include "api/control.h"

#include "api/foreign.h"
#include "api/front.h"
#include "books/options.h"
#include "strata.h"

ST_STATIC_ASSERT(sizeof(strata_options) == (st_option_count + 1) * sizeof(size_t),
                 "strata_options has a field for every option, in the order of options.def");

static size_t control_length(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0') length++;
    return length;
}

/* ---- by name ---- */

STRATA_EXPORT ST_COLD int strata_option_set(const char *name, size_t value)
{
    st_option_id id = st_option_find(name, control_length(name));
    bool done = id != st_option_count && st_option_set(id, value);
    if (!done) return st_os_code_bad_argument();
    st_front_take_options();
    return 0;
}

STRATA_EXPORT int strata_option_get(const char *name, size_t *value)
{
    st_option_id id = st_option_find(name, control_length(name));
    if (id == st_option_count) return st_os_code_bad_argument();
    *value = st_load_relaxed(&st_options.value[id]); /* relaxed: options stand alone. */
    return 0;
}

STRATA_EXPORT int strata_option_describe(unsigned index, strata_option_info *info)
{
    if (index >= st_option_count) return 0;
    const st_option_info *known = st_option_describe((st_option_id)index);
    info->name = known->name;
    info->unit = known->unit;
    info->sentence = known->sentence;
    info->initial = known->initial;
    info->minimum = known->minimum;
    info->maximum = known->maximum;
    info->value = st_load_relaxed(&st_options.value[index]); /* relaxed: options stand alone. */
    return 1;
}

/* ---- by struct ---- */

STRATA_EXPORT void strata_options_get(strata_options *options)
{
    options->size = sizeof *options;
#define ST_OPTION(name, unit, initial, minimum, maximum, sentence)                             \
    options->name = st_option(name);
#include "books/options.def"
#undef ST_OPTION
}

static bool control_is_in_range(st_option_id id, size_t value)
{
    const st_option_info *known = st_option_describe(id);
    return value >= known->minimum && value <= known->maximum;
}

/* All are looked at before any is changed. */
STRATA_EXPORT ST_COLD int strata_options_set(const strata_options *options)
{
    bool good = options->size == sizeof *options;
    if (!good) return st_os_code_bad_argument();
#define ST_OPTION(name, unit, start, low, high, words)                                         \
    good = good && control_is_in_range(st_option_id_##name, options->name);
#include "books/options.def"
#undef ST_OPTION
    if (!good) return st_os_code_bad_argument();
#define ST_OPTION(name, unit, start, low, high, words)                                         \
    st_option_set(st_option_id_##name, options->name);
#include "books/options.def"
#undef ST_OPTION
    st_front_take_options();
    return 0;
}

/* ---- as text ---- */

static size_t control_unit(char letter)
{
    if (letter == 'k' || letter == 'K') return ST_KIB;
    if (letter == 'm' || letter == 'M') return ST_MIB;
    if (letter == 'g' || letter == 'G') return ST_GIB;
    return 0;
}

/* Reads a value that ends exactly at `end`: digits and perhaps a unit, or `max`. */
static bool control_read_value(const char *at, const char *end, size_t *value)
{
    if (end - at == 3 && at[0] == 'm' && at[1] == 'a' && at[2] == 'x') {
        *value = SIZE_MAX;
        return true;
    }
    if (at == end || *at < '0' || *at > '9') return false;
    *value = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        size_t digit = (size_t)(*at - '0');
        if (st_mul_overflows(*value, 10, value) || st_add_overflows(*value, digit, value))
            return false;
    }
    if (at == end) return true;
    size_t unit = control_unit(*at);
    return unit != 0 && at + 1 == end && !st_mul_overflows(*value, unit, value);
}

/* Sets what one item, name=value, says. False if it can't be understood. */
static bool control_set_item(const char *item, const char *end)
{
    const char *equals = item;
    while (equals < end && *equals != '=') equals++;
    if (equals == end) return false;
    st_option_id id = st_option_find(item, (size_t)(equals - item));
    size_t value;
    if (id == st_option_count || !control_read_value(equals + 1, end, &value)) return false;
    /* `max` is the most that an option takes. */
    if (value == SIZE_MAX) value = st_option_describe(id)->maximum;
    return st_option_set(id, value);
}

STRATA_EXPORT ST_COLD int strata_options_parse(const char *text, const char **bad)
{
    int skipped = 0;
    while (*text != '\0') {
        const char *end = text;
        while (*end != '\0' && *end != ',') end++;
        if (end > text && !control_set_item(text, end)) {
            if (skipped == 0 && bad != NULL) *bad = text;
            skipped++;
        }
        text = *end == ',' ? end + 1 : end;
    }
    st_front_take_options();
    return skipped;
}

ST_COLD void st_control_read_environment(void)
{
    const char *text = st_os_is_privileged() ? NULL : st_os_environment("STRATA_OPTIONS");
    const char *bad = NULL;
    if (text == NULL || strata_options_parse(text, &bad) == 0) return;
    st_text line;
    st_heap_prepare();
    st_text_init(&line, st_text_to_messages, NULL);
    st_text_add(&line, "strata: ignored in STRATA_OPTIONS, as it is no option with a value in range: ");
    st_text_add_part(&line, bad, ',');
    st_text_add(&line, "\n");
    st_text_flush(&line);
}

/* ---- the rest ---- */

STRATA_EXPORT int strata_trim(size_t pad) { return st_front_trim(pad) ? 1 : 0; }

STRATA_EXPORT size_t strata_usable_size(const void *mem)
{
    size_t usable = mem == NULL ? 0 : st_front_usable(mem);
#if STRATA_PAGEMAP
    if (usable == 0 && mem != NULL) usable = st_foreign_usable(mem);
#endif
    return usable;
}

STRATA_EXPORT size_t strata_memalignment(const void *mem)
{
    return (size_t)(st_addr(mem) & (~st_addr(mem) + 1));
}

STRATA_EXPORT int strata_version(void) { return STRATA_VERSION_NUMBER; }
