/* SPDX-License-Identifier: MIT-0
 *
 * prop_space_random with many more scripts.
 */
#define PROP_SCRIPTS 10000

#include "prop/prop_space_random.c"
