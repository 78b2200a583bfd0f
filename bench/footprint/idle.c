/* SPDX-License-Identifier: MIT-0
 *
 * A program that does nothing, for bench/footprint.py to see what an allocator costs it:
 *
 *   idle BLOCKS     allocates so many blocks of 100 bytes, writes to them, and prints how many
 *                   KiB of its memory are anonymous
 *
 * Not counted is the stack: where it begins is random, and with it how many pages it reaches
 * into. Without stdio, whose buffer would be a block too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { idle_block_size = 100, idle_block_max = 1000, idle_text_size = 1 << 17 };

static char idle_text[idle_text_size];
static void *idle_blocks[idle_block_max];

/* /proc/self/smaps as a string; the end of the process if it can't be had whole. */
static void idle_read(void)
{
    size_t size = 0;
    const int file = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
    for (;;) {
        const ssize_t got = file < 0 ? -1 : read(file, idle_text + size, idle_text_size - size);
        if (got < 0 || size + (size_t)got == idle_text_size) _exit(1);
        if (got == 0) break;
        size += (size_t)got;
    }
    idle_text[size] = '\0';
}

/* The sum of the mappings' lines "Anonymous: N kB"; each mapping begins with a line of its own
 * that ends with its name. */
static unsigned long idle_sum(void)
{
    unsigned long sum = 0;
    bool is_stack = false;
    for (const char *line = idle_text; *line != '\0';) {
        const char *end = strchr(line, '\n');
        if (end == NULL) break;
        const bool is_first = *line < 'A' || *line > 'Z';
        if (is_first) is_stack = end - line > 7 && memcmp(end - 7, "[stack]", 7) == 0;
        if (!is_stack && strncmp(line, "Anonymous:", 10) == 0)
            sum += strtoul(line + 10, NULL, 10);
        line = end + 1;
    }
    return sum;
}

int main(int argc, char **argv)
{
    const long wanted = argc == 2 ? atol(argv[1]) : -1;
    if (wanted < 0 || wanted > idle_block_max) return 2;
    /* All of our own pages are there, whatever is asked for. */
    memset(idle_text, 1, sizeof idle_text);
    memset(idle_blocks, 1, sizeof idle_blocks);
    for (long i = 0; i < wanted; i++) {
        idle_blocks[i] = malloc(idle_block_size);
        if (idle_blocks[i] == NULL) return 1;
        memset(idle_blocks[i], 1, idle_block_size);
    }
    idle_read();
    char digits[24];
    size_t at = sizeof digits;
    for (unsigned long rest = idle_sum(); rest > 0; rest /= 10) {
        digits[--at] = (char)('0' + rest % 10);
    }
    return write(STDOUT_FILENO, digits + at, sizeof digits - at) > 0 ? 0 : 1;
}
