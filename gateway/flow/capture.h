// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Captures as files: classic pcap (both byte orders, micro- and nanoseconds) and pcapng are read; classic pcap with nanoseconds is written to a file, pcapng into memory.
 *
 * A reader of our own instead of libpcap's: a capture is foreign input, and here every length has a bound and a cursor before it is used; libpcap would add
 * a dependency to the box in the fab for two fixed headers, and reads from a file name only.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/diag.h"

enum { GW_CAPTURE_FRAME_MAX = 262144 };

struct gw_capture;

/* The whole capture as bytes that outlive the reader. 0; SK_BAD: neither pcap nor pcapng; -ENOMEM. */
int gw_capture_new(const void *data, size_t size, struct gw_capture **ret_capture, struct sk_diag *diag);
struct gw_capture *gw_capture_free(struct gw_capture *capture);
/*
 * The next frame, as Ethernet: link types raw IP, null and Linux cooked get a header of zeros with the right type. `*ret_frame` may be
 * written to and is valid until the next call. 0; SK_END; SK_BAD: the capture is cut short or wrong from here on.
 */
int gw_capture_next(struct gw_capture *capture, uint8_t **ret_frame, uint32_t *ret_size, uint64_t *ret_time, struct sk_diag *diag);

/* A file to be written to. 0 or -errno. */
int gw_capture_begin(int fd);
int gw_capture_put(int fd, uint64_t time, const uint8_t *frame, size_t size);

/* pcapng of Ethernet frames, appended whole or not at all: its beginning with the interfaces' names (at most 200 bytes each), then packets of which `size` of `whole` bytes are kept. 0, SK_FULL or -ENOMEM. */
int gw_capture_ng_begin(struct sk_buf *out, const char *const *interfaces, size_t count);
int gw_capture_ng_put(struct sk_buf *out, uint32_t interface, uint64_t time, const void *frame, size_t size, size_t whole);
