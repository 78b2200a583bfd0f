/* SPDX-License-Identifier: MIT-0
 *
 * over a fake host: a program goes up and down with small, medium and large blocks, in phases.
 * Each call of the host is noted with the locks that are held, and each malloc and free with the bytes that it
 * gave back. a54_host_calls shared: none with a lock held that anybody may need; any: or that others may
 * need; share: no more goes back than decision 018 says; purge: than 1 MiB; table: just tells.
 */
#include "map/room.h"
#include "operators/latency_host.h"

enum { blocks_max = 1 << 20 };

static void *blocks[blocks_max];

/* What each phase must keep to. */
static struct {
    bool no_shared, no_locks;
    size_t most,
        share; /* goes back at one call: so much, and so many times what was freed; 0: anything */
    size_t failures;
} demand;

static void require_that(bool holds, const char *phase, const char *sentence)
{
    if (holds) return;
    printf("does not hold: %s: %s\n", phase, sentence);
    demand.failures++;
}

/* The account hears of what is freed in steps of 64 KiB, and of a magazine at once. */
#define NEWS (2 * ST_ROOM_NEWS)

static void end_phase(const char *phase, size_t largest)
{
    const unsigned *held = host.worst.held;
    size_t most = demand.most + demand.share * (largest + NEWS);
    host_tell(phase);
    if (demand.no_shared)
        require_that(held[host_lock_shared] == 0, phase,
                     "no call with a lock held that anybody may need");
    if (demand.no_locks)
        require_that(held[host_lock_depot] == 0 && held[host_lock_space] == 0, phase,
                     "no call with a lock held that others may need");
    if (demand.most != 0)
        require_that(host.worst.given_back <= most, phase, "no more goes back at once");
}

/* Takes `total` bytes in blocks of `size` and of up to twice that, then frees all, every other one first. */
static void go_up_and_down(const char *name, size_t size, size_t total)
{
    char phase[64];
    size_t count = 0;
    host_begin(1);
    for (size_t sum = 0; sum < total && count < blocks_max; count++) {
        size_t each = size + count * 37 % size;
        blocks[count] = host_malloc(each);
        sum += each;
    }
    snprintf(phase, sizeof phase, "%s, up", name);
    end_phase(phase, 2 * size);
    host_begin(1);
    for (size_t n = 0; n < count; n += 2) host_free(blocks[n]);
    for (size_t n = 1; n < count; n += 2) host_free(blocks[n]);
    snprintf(phase, sizeof phase, "%s, down", name);
    end_phase(phase, 2 * size);
}

static void grow_one_block(void)
{
    void *mem = NULL;
    host_begin(1);
    for (size_t size = 4 * KIB; size <= 256 * MIB; size *= 2) mem = host_realloc(mem, size);
    end_phase("realloc, up", 256 * MIB);
    host_begin(1);
    for (size_t size = 256 * MIB; size >= 4 * KIB; size /= 2) mem = host_realloc(mem, size);
    end_phase("realloc, down", 256 * MIB);
    host_free(mem);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "table";
    demand.no_shared = strcmp(what, "shared") == 0;
    demand.no_locks = strcmp(what, "any") == 0;
    if (strcmp(what, "purge") == 0) demand.most = MIB;
    if (strcmp(what, "share") == 0) demand.most = demand.share = 16;
    host_start();
    for (int pass = 0; pass < 2; pass++) {
        go_up_and_down("small (64 to 127 bytes)", 64, 48 * MIB);
        go_up_and_down("small (500 to 999 bytes)", 500, 96 * MIB);
        go_up_and_down("medium (3 to 6 KiB)", 3 * KIB, 128 * MIB);
        go_up_and_down("medium (40 to 80 KiB)", 40 * KIB, 192 * MIB);
        go_up_and_down("large (1 to 2 MiB)", MIB, 256 * MIB);
        go_up_and_down("large (20 to 40 MiB)", 20 * MIB, 512 * MIB);
        grow_one_block();
    }
    const char *first = "";
    require_that(strata_check(&first) == 0, "the end", first);
    return demand.failures != 0;
}
