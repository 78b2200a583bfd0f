/* SPDX-License-Identifier: MIT-0
 *
 * The header of a trace, read and checked.
 */
#ifndef TRACE_HEAD_H
#define TRACE_HEAD_H

#include "trace_error.h"
#include "trace_format.h"
#include "trace_unpack.h"

/* Reads the header from the beginning of `source`. False with *error set if there is none, or
 * none that this version can read. */
bool trace_head_read(trace_header *header, trace_unpack *source, trace_error *error);

#endif
