/* SPDX-License-Identifier: MIT-0
 *
 * The public interface does what the model wants, and tells of itself what is so.
 */
#include "model/shrink.h"
#include "model/strata_engine.h"

/* Scripts; prop_strata_random_long.c has more. */
#ifndef PROP_SCRIPTS
#define PROP_SCRIPTS 250
#endif

int main(int argc, char **argv)
{
    return shrink_main(argc, argv, &strata_engine, PROP_SCRIPTS);
}
