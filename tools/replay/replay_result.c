/* SPDX-License-Identifier: MIT-0
 *
 * Lines of results on descriptor 4 and sentences on standard error, without stdio: that would
 * allocate, from the allocator that is measured.
 */
#include "replay.h"

#include <errno.h>
#include <unistd.h>

enum { result_buffer_size = 4096, result_line_max = 256, result_digits_max = 20 };

static struct {
    char buffer[result_buffer_size];
    size_t size;
} result_state;

/* Appends a string; there is room. Returns the end. */
static char *result_add_text(char *end, const char *text)
{
    while (*text != '\0') *end++ = *text++;
    return end;
}

static char *result_add_number(char *end, uint64_t number)
{
    char digits[result_digits_max];
    int count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    while (count > 0) *end++ = digits[--count];
    return end;
}

/* False if it can't all be written. */
static bool result_write(int descriptor, const char *text, size_t size)
{
    while (size > 0) {
        const ssize_t done = write(descriptor, text, size);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return false;
        text += done;
        size -= (size_t)done;
    }
    return true;
}

static _Noreturn void result_die(int status, char *line, char *end)
{
    end = result_add_text(end, ".\n");
    (void)result_write(STDERR_FILENO, line, (size_t)(end - line));
    _exit(status);
}

_Noreturn void replay_die(int status, const char *sentence)
{
    char line[result_line_max];
    result_die(status, line,
               result_add_text(result_add_text(line, "strata: replay: "), sentence));
}

_Noreturn void replay_die_at(uint64_t op, const char *sentence)
{
    char line[result_line_max];
    char *end = result_add_text(line, "strata: replay: the plan is bad: operation ");
    end = result_add_text(result_add_number(end, op), " ");
    result_die(replay_exit_bad_input, line, result_add_text(end, sentence));
}

void replay_line_flush(void)
{
    if (!result_write(replay_result_descriptor, result_state.buffer, result_state.size)) {
        replay_die(replay_exit_failed, "the results can't be written to descriptor 4");
    }
    result_state.size = 0;
}

void replay_line(const char *name, unsigned value_count, const uint64_t *value)
{
    if (result_state.size + result_line_max > result_buffer_size) replay_line_flush();
    char *const begin = result_state.buffer + result_state.size;
    char *end = result_add_text(begin, name);
    for (unsigned i = 0; i < value_count; i++) {
        *end++ = ' ';
        end = result_add_number(end, value[i]);
    }
    *end++ = '\n';
    result_state.size += (size_t)(end - begin);
}

void replay_mark(const char *line)
{
    replay_line(line, 0, NULL);
    replay_line_flush();
}
