/* SPDX-License-Identifier: MIT-0
 *
 * A library, to be preloaded before or after strata, whose constructor and destructor allocate.
 */
#include "start/start.h"

static char *block;

__attribute__((constructor)) static void begin(void) { block = use_malloc(300); }

__attribute__((destructor)) static void end(void)
{
    for (size_t at = 0; at < 300; at++) require(block[at] == 'p', "unharmed until the end");
    free(block);
    free(use_malloc(300));
}
