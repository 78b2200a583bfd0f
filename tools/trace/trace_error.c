/* SPDX-License-Identifier: MIT-0
 *
 * Filling a trace_error.
 */
#include "trace_error.h"

#include <stdarg.h>
#include <stdio.h>

void trace_set_error(trace_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    error->is_ours = false;
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
}

void trace_set_no_memory(trace_error *error)
{
    trace_set_error(error, "can't be read: there is no memory");
    error->is_ours = true;
}
