/* SPDX-License-Identifier: MIT-0
 *
 * What the host layer hands out before it has been started, when it does not know the size of
 * pages yet, is whole and nobody else's. Compiled into the amalgamation: it calls inner functions.
 */
#include "start/start.h"

#include <sys/mman.h>

#include "os/os.h"

enum { range_count = 24, range_size = 1 << 20, guard_size = 4096 };

static unsigned char *ranges[range_count], *guards[range_count];
static bool has_run;

static bool is_filled(const unsigned char *bytes, size_t size, size_t byte)
{
    for (size_t at = 0; at < size; at++) {
        if (bytes[at] != byte) return false;
    }
    return true;
}

/* A page of our own between any two ranges: it leaves the next one misaligned, and shows whether
 * a range reaches beyond its end. */
static void take_ranges(void)
{
    for (size_t idx = 0; idx < range_count; idx++) {
        guards[idx] =
            mmap(NULL, guard_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        require(guards[idx] != MAP_FAILED, "a page can be mapped");
        ranges[idx] = st_os_map(range_size, st_os_page_size());
        require(ranges[idx] != NULL, "a range can be mapped");
        require((uintptr_t)ranges[idx] % st_os_page_size() == 0, "it is aligned");
        require(is_filled(ranges[idx], range_size, 0), "it is zero");
        memset(ranges[idx], 1, range_size);
    }
}

static void before_start(int count, char **arguments, char **environment)
{
    (void)count;
    (void)arguments;
    (void)environment;
    require(!st_os_is_started(), "this is before the start");
    take_ranges();
    for (size_t idx = 0; idx < range_count; idx++) {
        require(is_filled(guards[idx], guard_size, 0), "no range reaches into another mapping");
        memset(ranges[idx], (int)idx, range_size);
    }
    for (size_t idx = 0; idx < range_count; idx++) {
        require(is_filled(ranges[idx], range_size, idx), "no two ranges overlap");
    }
    has_run = true;
}

__attribute__((section(".preinit_array"),
               used)) static void (*const preinit)(int, char **, char **) = before_start;

int main(void)
{
    require(has_run, "the code before the start ran");
    require(st_os_is_started(), "and this is after it");
    return 0;
}
