/* SPDX-License-Identifier: MIT-0
 *
 * `strata record`.
 */
#define _GNU_SOURCE
#include "cmd.h"

const struct argp cmd_record_argp = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};

int cmd_record_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return cmd_fail(cmd_exit_failed, "record: not there yet.");
}
