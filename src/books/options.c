/* SPDX-License-Identifier: MIT-0
 *
 * The table of options and their current values.
 */
#include "books/options.h"

ST_DEFINE_DATA st_option_values st_options = {{
#define ST_OPTION(name, unit, initial, minimum, maximum, sentence) initial,
#include "books/options.def"
#undef ST_OPTION
}};

static const st_option_info options_table[st_option_count] = {
#define ST_OPTION(name, unit, initial, minimum, maximum, sentence)                             \
    {#name, #unit, sentence, initial, minimum, maximum},
#include "books/options.def"
#undef ST_OPTION
};

#define ST_OPTION(name, unit, initial, minimum, maximum, sentence)                             \
    ST_STATIC_ASSERT(((initial) == (minimum) || (initial) > (minimum)) && (initial) <= (maximum),  \
                     "the default of " #name " is in its range");                              \
    ST_STATIC_ASSERT(sizeof(#name) <= 20 && sizeof(#unit) <= 12 && sizeof(sentence) <= 128,    \
                     "the words of " #name " fit in the table");
#include "books/options.def"
#undef ST_OPTION

const st_option_info *st_option_describe(st_option_id id)
{
    return &options_table[id];
}

static bool options_is_name(const char *name, size_t length, const char *known)
{
    for (size_t i = 0; i < length; i++) {
        if (known[i] != name[i] || known[i] == '\0') return false;
    }
    return known[length] == '\0';
}

ST_COLD st_option_id st_option_find(const char *name, size_t length)
{
    unsigned id = 0;
    while (id < st_option_count && !options_is_name(name, length, options_table[id].name)) id++;
    return (st_option_id)id;
}

bool st_option_set(st_option_id id, size_t value)
{
    if (value < options_table[id].minimum || value > options_table[id].maximum) return false;
    /* relaxed: each option stands alone, an old value is as good as a later call. */
    st_store_relaxed(&st_options.value[id], value);
    return true;
}
