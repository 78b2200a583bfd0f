/* SPDX-License-Identifier: MIT-0
 *
 * what a host that promises no more memory than it has (overcommit_memory 2) would charge the process
 * with: each private mapping that may be written to, touched or not, asked for with MAP_NORESERVE or not.
 * While the program grows that is at most what is live, PERCENT more, and 2 MiB beyond the start; what is
 * only reserved costs nothing. And a host that refuses at some point gets the answer NULL, and no damage:
 * test/start, limits_*_data.
 */
#include "operators/process.h"

enum { block_max = 400000, sizes_count = 4 };

static struct {
    char line[512];
    size_t used, sum;
} reader;

/* "start-end rw-p offset device inode path" */
static void add_line(void)
{
    char *rest;
    size_t start = strtoul(reader.line, &rest, 16);
    size_t end = strtoul(rest + 1, &rest, 16);
    bool is_private = rest[4] == 'p';
    bool is_stack = strstr(rest, "[stack]") != NULL;
    if (is_private && rest[2] == 'w' && !is_stack) reader.sum += end - start;
}

static void read_maps(void *context, const char *bytes, size_t size)
{
    (void)context;
    for (size_t at = 0; at < size; at++) {
        if (bytes[at] == '\n') {
            reader.line[reader.used] = '\0';
            add_line();
            reader.used = 0;
        } else if (reader.used < sizeof reader.line - 1) {
            reader.line[reader.used++] = bytes[at];
        }
    }
}

static size_t charge_now(void)
{
    reader.sum = reader.used = 0;
    file_read("/proc/self/maps", read_maps, NULL);
    return reader.sum;
}

int main(int argc, char **argv)
{
    require(argc == 2, "usage: a51_commit_charge PERCENT");
    size_t percent = strtoul(argv[1], NULL, 10);
    static void *blocks[block_max];
    static const size_t sizes[sizes_count] = {48, 700, 9000, 300000};
    uint64_t random = 1;
    size_t count = 0;
    require_ours();
    size_t base = charge_now();
    size_t live = 0;
    for (size_t goal = 4 * MIB; goal <= 128 * MIB; goal *= 2) {
        while (live < goal && count < block_max) {
            size_t size =
                1 + random_below(&random, 2 * sizes[random_below(&random, sizes_count)]);
            require((blocks[count++] = malloc(size)) != NULL, "there is memory");
            live += size;
        }
        require_at_most("charge", charge_now() - base, live + live / 100 * percent + 2 * MIB);
    }
    printf("start %zu\n", base);
    for (size_t n = 0; n < count; n++) free(blocks[n]);
    ours(strata_trim)(0);
    printf("after all was freed: %zu\n", charge_now() - base);
    return 0;
}
