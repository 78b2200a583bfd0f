/* SPDX-License-Identifier: MIT-0
 *
 * the kernel refuses to take memory back. a49_refused munmap|madvise|both: it answers ENOMEM, as it
 * does to who has too many mappings, and EINVAL. Nothing aborts, all contents stay, and addresses that could
 * not be given back are used again: what is mapped does not grow with the rounds.
 */
#include "operators/filter.h"

#include <malloc.h>

enum { round_count = 24, large_count = 20, small_count = 20000 };

static void refuse(bool munmap_too, bool madvise_too)
{
    struct sock_filter filter[] = {
        FILTER_BEGIN,
        FILTER_CALL(munmap_too ? SYS_munmap : SYS_swapon, SECCOMP_RET_ERRNO | ENOMEM),
        FILTER_CALL(madvise_too ? SYS_madvise : SYS_swapon, SECCOMP_RET_ERRNO | EINVAL),
        FILTER_END(SECCOMP_RET_ALLOW),
    };
    FILTER_INSTALL(filter);
}

static void use_much(uint64_t *random)
{
    static unsigned char *large[large_count], *small[small_count];
    for (size_t n = 0; n < small_count; n++) {
        size_t size = 1 + random_below(random, n % 50 == 0 ? 60000 : 900);
        small[n] = n % 3 == 0 ? calloc(1, size) : malloc(size);
        require(small[n] != NULL, "there is memory");
        require(n % 3 != 0 || small[n][size - 1] == 0, "calloc gives zeros");
        memset(small[n], 1, size);
    }
    for (size_t n = 0; n < large_count; n++) {
        size_t size = 600000 + random_below(random, 4000000);
        large[n] = calloc(1, size);
        require(large[n] != NULL, "there is memory");
        for (size_t at = 0; at < size; at += 999)
            require(large[n][at] == 0, "calloc gives zeros");
        memset(large[n], 1, size);
        large[n] = realloc(large[n], size / 2 + random_below(random, size));
        require(large[n] != NULL && large[n][size / 2 - 1] == 1,
                "realloc keeps what there was");
    }
    for (size_t n = 0; n < large_count; n++) free(large[n]);
    for (size_t n = 0; n < small_count; n++) free(small[n]);
    malloc_trim(0);
}

int main(int argc, char **argv)
{
    uint64_t random = 3;
    require(argc == 2, "usage: a49_refused munmap|madvise|both");
    require_ours();
    refuse(strcmp(argv[1], "madvise") != 0, strcmp(argv[1], "munmap") != 0);
    for (size_t n = 0; n < round_count / 4; n++) use_much(&random);
    size_t before = kernel_value("/proc/self/status", "\nVmSize:");
    for (size_t n = 0; n < round_count; n++) use_much(&random);
    require_at_most("mapped", kernel_value("/proc/self/status", "\nVmSize:"),
                    before + before / 4);
    require_sound();
    return 0;
}
