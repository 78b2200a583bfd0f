/* SPDX-License-Identifier: MIT-0
 *
 * `strata trace`.
 */
#define _GNU_SOURCE
#include "cmd.h"

const struct argp cmd_trace_argp = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};

int cmd_trace_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return cmd_fail(cmd_exit_failed, "trace: not there yet.");
}
