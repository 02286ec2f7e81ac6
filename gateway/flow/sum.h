// SPDX-License-Identifier: GPL-3.0-or-later
/* The Internet checksum (RFC 1071): of bytes, of TCP, UDP and ICMP with their pseudo-header, and how it is put right after a change. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/packet.h"

/* Adds bytes to a running sum; only the last piece may have an odd size. */
uint64_t gw_sum_add(uint64_t sum, const void *data, size_t size);
/* The checksum as it stands in the packet, read in host order of the bytes. */
uint16_t gw_sum_fold(uint64_t sum);
/* The whole transport part, from l4 to the end of payload, with its pseudo-header; 0 when its checksum is right. */
uint16_t gw_sum_transport(const struct gw_packet *packet);
/* Writes IPv4's header checksum and that of TCP or UDP anew, as far as the headers are whole. A UDP checksum of zero stays. */
void gw_sum_mend(struct gw_packet *packet);

/*
 * Leaves `size` bytes of a TCP segment's payload, those from `front` on, with sequence number `seq`; the frame becomes shorter, its lengths and checksums
 * are right. IPv4 and IPv6.
 */
void gw_packet_cut(struct gw_packet *packet, uint32_t front, uint32_t size, uint32_t seq);
