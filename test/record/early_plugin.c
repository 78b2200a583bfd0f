/* SPDX-License-Identifier: MIT-0
 *
 * A library that is loaded by dlopen, and allocates when it comes and when it goes.
 */
#include <stdlib.h>

static void *volatile plugin_block;

static __attribute__((constructor)) void plugin_construct(void) { plugin_block = malloc(3008); }
static __attribute__((destructor)) void plugin_destruct(void) { free(plugin_block); }
