/* SPDX-License-Identifier: MIT-0
 *
 * Proves that the malloc of this process is strata's, however it got here.
 */
#ifndef TEST_START_OURS_H
#define TEST_START_OURS_H

#include "start/start.h"

#include <dlfcn.h>

typedef void (*stats_getter)(strata_stats *stats);

/* A function pointer out of dlsym, whose result is an object pointer. */
static inline stats_getter find_stats(void *library)
{
    void *symbol = dlsym(library, "strata_stats_get");
    stats_getter result = NULL;
    memcpy(&result, &symbol, sizeof result);
    return result;
}

static inline void require_ours(void)
{
    stats_getter stats_get = find_stats(RTLD_DEFAULT);
    require(stats_get != NULL, "strata is in this process");
    strata_stats before, after;
    stats_get(&before);
    free(malloc(100));
    stats_get(&after);
    require(after.allocations == before.allocations + 1, "malloc is strata's");
    require(after.frees == before.frees + 1, "free is strata's");
}

#endif
