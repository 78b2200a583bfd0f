/* SPDX-License-Identifier: MIT-0
 *
 * What the reader finds in a trace, as text: a line "THREAD KIND ID SIZE OLD_SIZE ALIGN TIME" an
 * operation, and one for the header. Exits with 1 after the sentence if the trace is not sound.
 */
#include "trace_read.h"

#include <inttypes.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    static const char *const kinds[] = {"malloc", "calloc", "realloc", "free", "aligned"};
    trace_error error;
    trace_op op;
    int got;
    trace_reader *reader = argc == 2 ? trace_open(argv[1], &error) : NULL;
    if (reader == NULL) {
        printf("%s\n", argc == 2 ? error.text : "which file?");
        return 1;
    }
    while ((got = trace_next(reader, &op, &error)) > 0) {
        printf("%u %s %u %" PRIu64 " %" PRIu64 " %u %" PRIu64 "\n", op.thread, kinds[op.kind],
               op.id, op.size, op.old_size, op.align_log2, op.time_ns);
    }
    if (got < 0) {
        printf("%s\n", error.text);
    } else {
        const trace_header *header = trace_get_header(reader);
        printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", header->op_count,
               header->id_count, header->thread_count, header->flags,
               trace_get_program(reader));
    }
    trace_close(reader);
    return got < 0;
}
