/* SPDX-License-Identifier: MIT-0
 *
 * The bytes of a file, unpacked if it is compressed with xz or zstd; which of them is told by its
 * first bytes, not by its name. A stream: what it needs does not depend on the file's size.
 */
#ifndef TRACE_UNPACK_H
#define TRACE_UNPACK_H

#include "trace_error.h"

#include <stddef.h>

typedef struct trace_unpack trace_unpack;

/* NULL with *error set if the file can't be read, or is compressed with a library that this build
 * does not have. */
trace_unpack *trace_unpack_open(const char *path, trace_error *error);

/* The same for bytes in memory, which must stay. */
trace_unpack *trace_unpack_open_memory(const void *bytes, size_t size, trace_error *error);

/* Fills `out`, as far as there is something to fill it with. Less than `size` means the end, or
 * an error; trace_unpack_get_error tells. What came before an error is good. */
size_t trace_unpack_read(trace_unpack *unpack, unsigned char *out, size_t size);

/* The error that reading ran into; NULL if none did. */
const trace_error *trace_unpack_get_error(const trace_unpack *unpack);

/* NULL is allowed. */
void trace_unpack_close(trace_unpack *unpack);

#endif
