// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Owns no descriptor for longer than a call. What it sets stays set when this process is gone, except for ports that gw_ports_carry() took down.
 */
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/clock.h"
#include "wire/netlink.h"
#include "wire/ports.h"

enum { PAIRS = 4, SETTLE_MS = 5000 }; /* so long a cable may take until both ends agree on a speed */

/* --- offloads */

static void ethtool(int fd, const char *name, uint32_t command, uint32_t value)
{
	struct ethtool_value what = {.cmd = command, .data = value};
	struct ifreq request = {.ifr_data = (void *)&what};

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
	if (ioctl(fd, SIOCETHTOOL, &request) < 0 && errno != EOPNOTSUPP && errno != EINVAL)
		sk_log(SK_LOG_WARNING, "%s: ethtool command %u: %s", name, command, strerror(errno));
}

/* A frame leaves as it came: nothing is joined, split, completed or stripped on the way. */
static void offloads_off(const char *name)
{
	static const uint32_t commands[] = {ETHTOOL_SGRO, ETHTOOL_SGSO, ETHTOOL_STSO, ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM, ETHTOOL_SFLAGS};
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (size_t i = 0; fd >= 0 && i < SK_ARRAY_SIZE(commands); i++)
		ethtool(fd, name, commands[i], 0); /* flags: receive and transmit VLAN, LRO */
}

static void write_sysctl(const char *path, const char *value)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 ? errno != ENOENT : write(fd, value, strlen(value)) < 0)
		sk_log(SK_LOG_WARNING, "%s: %s", path, strerror(errno));
}

static void set_sysctl(const char *protocol, const char *name, const char *key, const char *value)
{
	char path[128];

	snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", protocol, name, key);
	write_sysctl(path, value);
}

/* Where bridges ask the machine's packet filter, they also cut the padding off short frames, and put fragments together. */
static void filter_off(void)
{
	write_sysctl("/proc/sys/net/bridge/bridge-nf-call-iptables", "0");
	write_sysctl("/proc/sys/net/bridge/bridge-nf-call-ip6tables", "0");
	write_sysctl("/proc/sys/net/bridge/bridge-nf-call-arptables", "0");
}

/* --- the bridge */

static bool has_address(const char *name)
{
	struct ifaddrs *all, *at;
	bool found = false;

	if (getifaddrs(&all) < 0)
		return false;
	for (at = all; at; at = at->ifa_next)
		found |= !strcmp(at->ifa_name, name) && at->ifa_addr && at->ifa_addr->sa_family == AF_INET;
	freeifaddrs(all);
	return found;
}

static int refuse(struct sk_diag *diag, const char *port, const char *why)
{
	return sk_diag_path(diag, port, "%s", why);
}

static int find_ports(int fd, struct gw_pair *pair, int bridge, struct gw_link links[2], struct sk_diag *diag)
{
	for (int i = 0; i < 2; i++) {
		pair->index[i] = (int)if_nametoindex(pair->names[i]);
		if (!pair->index[i] || gw_link_get(fd, pair->index[i], &links[i]) < 0)
			return refuse(diag, pair->names[i], "there is no such interface");
		if (links[i].master && links[i].master != bridge)
			return refuse(diag, pair->names[i], "it belongs to another bridge");
		if (has_address(pair->names[i]))
			return refuse(diag, pair->names[i], "it has an address, and a gateway's port has none");
		pair->queues[i] = links[i].queues;
	}
	return 0;
}

static int join(int fd, struct gw_pair *pair, int bridge, const struct gw_link links[2])
{
	uint32_t mtu = SK_MAX(links[0].mtu, links[1].mtu);
	int error = 0;

	for (int i = 0; i < 2 && !error; i++) {
		offloads_off(pair->names[i]);
		set_sysctl("ipv6", pair->names[i], "disable_ipv6", "1");
		if (links[i].mtu != mtu && gw_link_mtu(fd, pair->index[i], mtu) < 0)
			sk_log(SK_LOG_WARNING, "%s: does not take frames of %u bytes as its partner does", pair->names[i], mtu);
		if (!links[i].master)
			error = gw_bridge_add(fd, bridge, pair->index[i]);
		if (!error)
			error = gw_bridge_port(fd, pair->index[i]);
		if (!error)
			error = gw_link_promiscuous(fd, pair->index[i]);
		if (!error)
			error = gw_link_up(fd, pair->index[i], true);
	}
	return error;
}

int gw_ports_prepare(struct gw_pair *pair, struct sk_diag *diag)
{
	_cleanup_close_ int fd = gw_netlink_open(0);
	struct gw_link links[2];
	int bridge, error;

	if (fd < 0)
		return sk_origin(fd);
	error = gw_bridge_new(fd, pair->bridge);
	if (error < 0 && error != -EEXIST)
		return sk_origin(error);
	bridge = (int)if_nametoindex(pair->bridge);
	if (error == -EEXIST && gw_bridge_set(fd, bridge) < 0)
		return refuse(diag, pair->bridge, "an interface of this name exists and is no bridge");
	error = find_ports(fd, pair, bridge, links, diag);
	if (error)
		return error;
	filter_off();
	set_sysctl("ipv6", pair->bridge, "disable_ipv6", "1");
	set_sysctl("ipv4", pair->bridge, "rp_filter", "1"); /* no route leads out here, so nothing that comes in here is for this machine */
	error = join(fd, pair, bridge, links);
	if (!error)
		error = gw_link_silent(fd, bridge);
	if (!error)
		error = gw_link_up(fd, bridge, true);
	return error < 0 ? sk_origin(error) : 0;
}

int gw_ports_release(struct gw_pair *pair)
{
	_cleanup_close_ int fd = gw_netlink_open(0);
	int bridge = (int)if_nametoindex(pair->bridge);

	return fd < 0 ? fd : bridge ? gw_link_delete(fd, bridge) : -ENODEV;
}

/* --- link loss */

struct carry {
	const struct gw_pair *pairs;
	uint32_t count;
	int fd;
	bool down[PAIRS][2]; /* taken down by us */
	bool carrier[PAIRS][2];
	uint64_t until_ms[PAIRS][2]; /* set up again by us; it may take its time */
	void (*lost)(void *arg, const char *port, bool carrier);
	void *arg;
};

/* Side `i` is as it is now: the other side is to look the same. A side that we took down says nothing. */
static void follow(struct carry *carry, uint32_t pair, int i, bool carrier)
{
	int other = !i;

	if (carrier)
		carry->until_ms[pair][i] = 0;
	if (carry->down[pair][i] || carry->carrier[pair][i] == carrier || sk_clock_mono_ms() < carry->until_ms[pair][i])
		return;
	carry->carrier[pair][i] = carrier;
	if (carry->lost)
		carry->lost(carry->arg, carry->pairs[pair].names[i], carrier);
	if (carry->down[pair][other] == !carrier)
		return;
	carry->down[pair][other] = !carrier;
	carry->carrier[pair][other] = true; /* once it is up again; if it does not come in time, that is a loss */
	carry->until_ms[pair][other] = sk_clock_mono_ms() + SETTLE_MS;
	gw_link_up(carry->fd, carry->pairs[pair].index[other], carrier);
}

static void look(struct carry *carry)
{
	struct gw_link link;

	for (uint32_t p = 0; p < carry->count; p++)
		for (int i = 0; i < 2; i++)
			if (gw_link_get(carry->fd, carry->pairs[p].index[i], &link) == 0)
				follow(carry, p, i, link.carrier);
}

static void hear(struct carry *carry, int fd)
{
	_Alignas(8) char space[32768];
	ssize_t size;

	while ((size = recv(fd, space, sizeof space, MSG_DONTWAIT)) > 0 || (size < 0 && errno == ENOBUFS))
		; /* what is so is asked for: a lost message must not lose a link */
	look(carry);
}

int gw_ports_carry(const struct gw_pair *pairs, uint32_t count, int stop_fd, void (*lost)(void *arg, const char *port, bool carrier), void *arg)
{
	struct carry carry = {.pairs = pairs, .count = SK_MIN(count, (uint32_t)PAIRS), .lost = lost, .arg = arg};
	_cleanup_close_ int listen = gw_netlink_open(RTMGRP_LINK), fd = gw_netlink_open(0);
	struct pollfd waits[2] = {{.fd = listen, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};

	if (listen < 0 || fd < 0)
		return sk_origin(listen < 0 ? listen : fd);
	carry.fd = fd;
	memset(carry.carrier, true, sizeof carry.carrier);
	look(&carry);
	while (!waits[1].revents) {
		if (poll(waits, 2, 1000) < 0 && errno != EINTR)
			return sk_origin_errno();
		hear(&carry, listen);
	}
	for (uint32_t p = 0; p < carry.count; p++)
		for (int i = 0; i < 2; i++)
			if (carry.down[p][i])
				gw_link_up(fd, pairs[p].index[i], true);
	return 0;
}
