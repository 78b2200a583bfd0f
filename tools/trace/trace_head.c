/* SPDX-License-Identifier: MIT-0
 *
 * The header of a trace: the magic, the version, and what can be said of the counts before the
 * records are read.
 */
#include "trace_head.h"

#include <inttypes.h>
#include <string.h>

/* Checks what begins the file; false with *error set. */
static bool head_check_magic(const unsigned char *bytes, size_t size, trace_error *error)
{
    static const char magic[trace_magic_size] = TRACE_MAGIC;
    const size_t version_at = sizeof TRACE_MAGIC - 2;
    if (size == 0) {
        trace_set_error(error, "is empty");
    } else if (size >= version_at && memcmp(bytes, magic, version_at) != 0) {
        trace_set_error(error, "is no trace: it does not begin with %s", TRACE_MAGIC);
    } else if (size < trace_magic_size) {
        trace_set_error(error, "is no trace: it has only %zu bytes", size);
    } else if (memcmp(bytes, magic, trace_magic_size) != 0) {
        const unsigned char version = bytes[version_at];
        if (version >= '0' && version <= '9' && bytes[version_at + 1] == '\0') {
            trace_set_error(error,
                            "is a trace of the format MTRACE%c; this strata reads %s only",
                            version, TRACE_MAGIC);
        } else {
            trace_set_error(error, "is a trace of an unknown format; this strata reads %s only",
                            TRACE_MAGIC);
        }
    } else {
        return true;
    }
    return false;
}

static bool head_check(const trace_header *header, trace_error *error)
{
    const uint64_t known = trace_flag_cut | trace_flag_notes;
    if ((header->flags & ~known) != 0) {
        trace_set_error(error,
                        "has flags that this strata does not know (0x%" PRIx64 "): it was made "
                        "by a newer one",
                        header->flags & ~known);
    } else if (header->id_count > TRACE_ID_MAX) {
        trace_set_error(error, "counts %" PRIu64 " objects; no trace may have over %" PRIu64,
                        header->id_count, TRACE_ID_MAX);
    } else if (header->thread_count > TRACE_THREAD_MAX) {
        trace_set_error(error, "counts %" PRIu64 " threads; no trace may have over %" PRIu64,
                        header->thread_count, TRACE_THREAD_MAX);
    } else if (header->thread_count == 0 && header->byte_count > 0) {
        trace_set_error(error, "is damaged: its header counts no thread");
    } else {
        return true;
    }
    return false;
}

bool trace_head_read(trace_header *header, trace_unpack *source, trace_error *error)
{
    unsigned char bytes[trace_header_size];
    const size_t size = trace_unpack_read(source, bytes, sizeof bytes);
    const trace_error *source_error = trace_unpack_get_error(source);
    if (size < sizeof bytes && source_error != NULL) {
        *error = *source_error;
        return false;
    }
    if (!head_check_magic(bytes, size, error)) return false;
    if (size < sizeof bytes) {
        trace_set_error(error, "is cut short: it ends in its header, after %zu bytes", size);
        return false;
    }
    header->byte_count = trace_get_word(bytes + 8);
    header->op_count = trace_get_word(bytes + 16);
    header->id_count = trace_get_word(bytes + 24);
    header->thread_count = trace_get_word(bytes + 32);
    header->flags = trace_get_word(bytes + 40);
    return head_check(header, error);
}
