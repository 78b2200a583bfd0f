/* SPDX-License-Identifier: MIT-0
 *
 * `strata replay`.
 */
#define _GNU_SOURCE
#include "cmd.h"

const struct argp cmd_replay_argp = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};

int cmd_replay_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return cmd_fail(cmd_exit_failed, "replay: not there yet.");
}
