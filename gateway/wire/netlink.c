// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Owns nothing but the request it is making. Reads only what the kernel answers, and that within its lengths.
 */
#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire/netlink.h"

enum { LOWER_UP = 1 << 16, RESERVED = 0xfffd }; /* all of 01-80-C2-00-00-0X but pause frames, which no kernel forwards */

struct request {
	struct nlmsghdr header;
	struct ifinfomsg link;
	char space[512];
};

int gw_netlink_open(uint32_t groups)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | (groups ? SOCK_NONBLOCK : 0), NETLINK_ROUTE), error;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

static void begin(struct request *request, uint16_t type, uint16_t flags, int index)
{
	memset(request, 0, sizeof *request);
	request->header.nlmsg_len = NLMSG_LENGTH(sizeof request->link);
	request->header.nlmsg_type = type;
	request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	request->link.ifi_family = AF_UNSPEC;
	request->link.ifi_index = index;
}

static struct rtattr *put(struct request *request, uint16_t type, const void *data, size_t size)
{
	struct rtattr *at = (void *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	at->rta_type = type;
	at->rta_len = (uint16_t)RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(at), data, size);
	request->header.nlmsg_len = NLMSG_ALIGN(request->header.nlmsg_len) + RTA_ALIGN(at->rta_len);
	return at;
}

static void put8(struct request *request, uint16_t type, uint8_t value)
{
	put(request, type, &value, sizeof value);
}

static void put16(struct request *request, uint16_t type, uint16_t value)
{
	put(request, type, &value, sizeof value);
}

static void put32(struct request *request, uint16_t type, uint32_t value)
{
	put(request, type, &value, sizeof value);
}

static void finish(struct request *request, struct rtattr *nest)
{
	nest->rta_len = (uint16_t)((char *)request + request->header.nlmsg_len - (char *)nest);
}

/* Sends, and waits for what the kernel says: the error of an acknowledgement, or (when given) a link. */
static int ask(int fd, struct request *request, struct gw_link *link)
{
	_Alignas(8) char answer[16384];
	ssize_t size;

	request->header.nlmsg_seq = 1;
	if (!link)
		request->header.nlmsg_flags |= NLM_F_ACK;
	if (send(fd, request, request->header.nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		const struct nlmsghdr *header = (const void *)answer;

		size = recv(fd, answer, sizeof answer, 0);
		if (size < 0)
			return -errno;
		if (!NLMSG_OK(header, (size_t)size))
			return -EBADMSG;
		if (header->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
		if (link && gw_link_heard(header, (size_t)size, link))
			return 0;
	}
}

static void read_attribute(const struct rtattr *at, struct gw_link *link)
{
	const void *data = RTA_DATA(at);
	size_t size = RTA_PAYLOAD(at);

	if (at->rta_type == IFLA_IFNAME && size && size <= sizeof link->name)
		memcpy(link->name, data, size), link->name[sizeof link->name - 1] = 0;
	else if (at->rta_type == IFLA_MTU && size == 4)
		memcpy(&link->mtu, data, 4);
	else if (at->rta_type == IFLA_NUM_RX_QUEUES && size == 4)
		memcpy(&link->queues, data, 4);
	else if (at->rta_type == IFLA_MASTER && size == 4)
		memcpy(&link->master, data, 4);
	else if (at->rta_type == IFLA_ADDRESS && size == 6)
		memcpy(link->mac, data, 6);
}

bool gw_link_heard(const void *message, size_t size, struct gw_link *ret_link)
{
	const struct nlmsghdr *header = message;
	const struct ifinfomsg *info = NLMSG_DATA(header);
	struct gw_link link = {.queues = 1};
	const struct rtattr *at;
	size_t left;

	if (!NLMSG_OK(header, size) || header->nlmsg_type != RTM_NEWLINK || header->nlmsg_len < NLMSG_LENGTH(sizeof *info) || info->ifi_family == AF_BRIDGE)
		return false;
	link.index = info->ifi_index;
	link.up = info->ifi_flags & IFF_UP;
	link.carrier = info->ifi_flags & LOWER_UP;
	left = header->nlmsg_len - NLMSG_LENGTH(sizeof *info);
	for (at = IFLA_RTA(info); RTA_OK(at, left); at = RTA_NEXT(at, left))
		read_attribute(at, &link);
	*ret_link = link;
	return true;
}

int gw_link_get(int fd, int index, struct gw_link *ret_link)
{
	struct request request;

	begin(&request, RTM_GETLINK, 0, index);
	return ask(fd, &request, ret_link);
}

static int change_flags(int fd, int index, unsigned flags, unsigned mask)
{
	struct request request;

	begin(&request, RTM_NEWLINK, 0, index);
	request.link.ifi_flags = flags;
	request.link.ifi_change = mask;
	return ask(fd, &request, NULL);
}

int gw_link_up(int fd, int index, bool up)
{
	return change_flags(fd, index, up ? IFF_UP : 0, IFF_UP);
}

int gw_link_promiscuous(int fd, int index)
{
	return change_flags(fd, index, IFF_PROMISC, IFF_PROMISC);
}

int gw_link_silent(int fd, int index)
{
	return change_flags(fd, index, IFF_NOARP, IFF_NOARP);
}

int gw_link_mtu(int fd, int index, uint32_t mtu)
{
	struct request request;

	begin(&request, RTM_NEWLINK, 0, index);
	put32(&request, IFLA_MTU, mtu);
	return ask(fd, &request, NULL);
}

static void put_bridge(struct request *request)
{
	struct rtattr *info = put(request, IFLA_LINKINFO, NULL, 0), *data;

	put(request, IFLA_INFO_KIND, "bridge", 7);
	data = put(request, IFLA_INFO_DATA, NULL, 0);
	put32(request, IFLA_BR_STP_STATE, 0);
	put32(request, IFLA_BR_FORWARD_DELAY, 0);
	put8(request, IFLA_BR_MCAST_SNOOPING, 0);
	finish(request, data);
	finish(request, info);
}

int gw_bridge_new(int fd, const char *name)
{
	struct request request;

	begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
	put(&request, IFLA_IFNAME, name, strlen(name) + 1);
	put_bridge(&request);
	return ask(fd, &request, NULL);
}

int gw_bridge_set(int fd, int index)
{
	struct request request;

	begin(&request, RTM_NEWLINK, 0, index);
	put_bridge(&request);
	return ask(fd, &request, NULL);
}

int gw_bridge_add(int fd, int bridge, int port)
{
	struct request request;

	begin(&request, RTM_NEWLINK, 0, port);
	put32(&request, IFLA_MASTER, (uint32_t)bridge);
	return ask(fd, &request, NULL);
}

int gw_bridge_port(int fd, int port)
{
	struct request request;
	struct rtattr *info;

	begin(&request, RTM_SETLINK, 0, port);
	request.link.ifi_family = AF_BRIDGE;
	info = put(&request, IFLA_PROTINFO | NLA_F_NESTED, NULL, 0);
	put8(&request, IFLA_BRPORT_LEARNING, 0);
	put8(&request, IFLA_BRPORT_UNICAST_FLOOD, 1);
	put8(&request, IFLA_BRPORT_MCAST_FLOOD, 1);
	put8(&request, IFLA_BRPORT_BCAST_FLOOD, 1);
	put16(&request, IFLA_BRPORT_GROUP_FWD_MASK, RESERVED);
	finish(&request, info);
	return ask(fd, &request, NULL);
}

int gw_link_delete(int fd, int index)
{
	struct request request;

	begin(&request, RTM_DELLINK, 0, index);
	return ask(fd, &request, NULL);
}
