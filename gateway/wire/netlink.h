// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The few things the gateway asks of the kernel's routing netlink: links up and down, a bridge, its ports. In the network namespace of the
 * caller. Every call is one request and its acknowledgement; -errno is what the kernel said, logged by nobody yet.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gw_link {
	int index;
	char name[16];
	bool up;      /* set up by whoever administers it */
	bool carrier; /* the other end of the cable is there */
	uint32_t mtu;
	uint32_t queues; /* receive queues */
	uint8_t mac[6];
	int master;   /* bridge; 0 = none */
};

/* A socket for requests. `groups`: RTMGRP_* whose messages it also hears; then it is for listening only. Returns a descriptor. */
int gw_netlink_open(uint32_t groups);

int gw_link_get(int fd, int index, struct gw_link *ret_link);
/* Of a message heard: true when it is about a link, and what it says. */
bool gw_link_heard(const void *message, size_t size, struct gw_link *ret_link);
int gw_link_up(int fd, int index, bool up);
int gw_link_promiscuous(int fd, int index);
int gw_link_mtu(int fd, int index, uint32_t mtu);
/* NOARP, so that nothing is answered for addresses this machine has elsewhere. */
int gw_link_silent(int fd, int index);
/* Without STP and multicast snooping. -EEXIST when the name is taken. */
int gw_bridge_new(int fd, const char *name);
int gw_bridge_set(int fd, int index);
int gw_bridge_add(int fd, int bridge, int port);
/* No learning (a frame always goes to the other port), flooding on, reserved addresses forwarded but for MAC pause frames. */
int gw_bridge_port(int fd, int port);
int gw_link_delete(int fd, int index);
