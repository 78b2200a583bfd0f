/* SPDX-License-Identifier: MIT-0
 *
 * `strata simulate`.
 */
#define _GNU_SOURCE
#include "cmd.h"

const struct argp cmd_simulate_argp = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};

int cmd_simulate_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return cmd_fail(cmd_exit_failed, "simulate: not there yet.");
}
