/* SPDX-License-Identifier: MIT-0
 *
 * What start-up needs of the options.
 */
#ifndef ST_CONTROL_H
#define ST_CONTROL_H

#include "base/base.h"

/* Reads STRATA_OPTIONS, unless the program is privileged. What can't be understood is reported
 * in one sentence and ignored. Called once, at program start. */
ST_INTERNAL void st_control_read_environment(void);

#endif
