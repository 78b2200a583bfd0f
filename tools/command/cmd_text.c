/* SPDX-License-Identifier: MIT-0
 *
 * Sentences on standard error, numbers as people read them, and text from a descriptor.
 */
#define _GNU_SOURCE
#include "cmd.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *cmd_starter = "run: ";

static void text_sentence(const char *format, va_list arguments)
{
    fputs("strata: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

int cmd_fail(int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_sentence(format, arguments);
    va_end(arguments);
    return status;
}

void cmd_warn(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text_sentence(format, arguments);
    va_end(arguments);
}

char *cmd_format(const char *format, ...)
{
    va_list arguments;
    char *text = NULL;
    va_start(arguments, format);
    const int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return length < 0 ? NULL : text;
}

const char *cmd_size_text(uint64_t size, cmd_buffer *buffer)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (size < 1024) {
        snprintf(buffer->text, sizeof buffer->text, "%" PRIu64 " B", size);
        return buffer->text;
    }
    double scaled = (double)size / 1024;
    size_t unit = 0;
    /* What would round to 1024.0 of a unit is 1.0 of the next. */
    while (scaled >= 1023.95 && unit + 1 < sizeof units / sizeof units[0]) {
        scaled /= 1024;
        unit++;
    }
    snprintf(buffer->text, sizeof buffer->text, "%.1f %s", scaled, units[unit]);
    return buffer->text;
}

const char *cmd_count_text(uint64_t count, cmd_buffer *buffer)
{
    char digits[24];
    const int length = snprintf(digits, sizeof digits, "%" PRIu64, count);
    char *out = buffer->text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return buffer->text;
}

const char *cmd_value_text(size_t value, cmd_buffer *buffer)
{
    static const char suffixes[] = "kmg";
    if (value == SIZE_MAX) {
        strcpy(buffer->text, "max");
        return buffer->text;
    }
    size_t unit = 0;
    while (value != 0 && value % 1024 == 0 && suffixes[unit] != '\0') {
        value /= 1024;
        unit++;
    }
    const char suffix[2] = {unit > 0 ? suffixes[unit - 1] : '\0', '\0'};
    snprintf(buffer->text, sizeof buffer->text, "%zu%s", value, suffix);
    return buffer->text;
}

char *cmd_read_all(int descriptor)
{
    size_t size = 0;
    size_t capacity = 16384;
    char *text = malloc(capacity);
    while (text != NULL) {
        const ssize_t got = read(descriptor, text + size, capacity - size - 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            text[size] = '\0';
            return text;
        }
        size += (size_t)got;
        if (size < capacity - 1) continue;
        capacity *= 2;
        char *larger = realloc(text, capacity);
        if (larger == NULL) free(text);
        text = larger;
    }
    return NULL;
}
