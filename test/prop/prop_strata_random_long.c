/* SPDX-License-Identifier: MIT-0
 *
 * prop_strata_random with many more scripts.
 */
#define PROP_SCRIPTS 10000

#include "prop/prop_strata_random.c"
