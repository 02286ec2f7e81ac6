// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * gateway-probe: what a gateway does to traffic, seen from both sides of it. Never installed. Real-time priority where that is permitted, and the kernel's receive times, so that
 * what it tells is the wire's doing, not the scheduler's.
 *
 *   gateway-probe listen PORT                          echoes UDP and TCP (also IPv6), swallows TCP on PORT + 1, until it is killed; prints "listening"
 *   gateway-probe udp  HOST PORT SECONDS GAP_US [SIZE] a datagram each GAP_US and its echo: {"sent", "back", "lost", "late", "worst_us", "gap_us", "p50_us", "p99_us"}
 *   gateway-probe ping HOST -    SECONDS GAP_US [SIZE] the same by ICMP, which the other side's kernel answers at once (IPv4)
 *   gateway-probe tcp  HOST PORT SECONDS GAP_US [SIZE] a request each GAP_US over one session: {"sent", "p50_us", "p99_us", "worst_us", "late", "again", "error"}
 *   gateway-probe bulk HOST PORT SECONDS               {"mbit", "again"} into PORT + 1
 *
 *   gateway-probe flood PORT KIND SECONDS SOURCE DESTINATION DPORT   frames by hand out of an interface, as fast as they go: KIND is syn (other addresses and ports each time), flows (UDP, other
 *                                                      ports and addresses of SOURCE's network each time), pieces (first fragments), later (fragments without a first): {"sent"}
 *
 * "late" are those above 5 ms, "gap_us" the longest time without an echo, "again" segments that TCP had to repeat.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LATE_NS = 5000000, SESSIONS = 64, MOST = 1 << 20 };

struct echo {
	uint64_t number, sent;
};

struct run {
	uint64_t sent, back, late, worst, gap, last;
	float *each;
	size_t skip; /* of ping: the headers before what we sent */
	uint16_t id;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	return (*(const float *)a > *(const float *)b) - (*(const float *)a < *(const float *)b);
}

static float part(const struct run *run, double share)
{
	return run->back ? run->each[(size_t)((double)(run->back - 1) * share)] : 0;
}

static void note(struct run *run, uint64_t sent, uint64_t at)
{
	uint64_t took = at > sent ? at - sent : 0;

	if (run->last && at > run->last && at - run->last > run->gap)
		run->gap = at - run->last;
	run->last = at;
	run->worst = took > run->worst ? took : run->worst;
	run->late += took > LATE_NS;
	if (run->back < MOST)
		run->each[run->back++] = (float)took / 1000;
}

static int reach(const char *host, const char *port, int kind)
{
	struct addrinfo hints = {.ai_socktype = kind, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *found;
	int fd = -1;

	if (getaddrinfo(host, port, &hints, &found) == 0) {
		fd = socket(found->ai_family, kind, 0);
		if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) < 0)
			close(fd), fd = -1;
		freeaddrinfo(found);
	}
	if (fd < 0) {
		printf("{\"error\": \"%s\", \"sent\": 0, \"back\": 0}\n", strerror(errno));
		exit(1);
	}
	return fd;
}

/* --- both ends of UDP */

/* When the kernel got it. */
static ssize_t receive(int fd, void *data, size_t size, uint64_t *ret_at)
{
	_Alignas(8) char space[256];
	struct iovec part_of = {data, size};
	struct msghdr message = {.msg_iov = &part_of, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
	ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT);

	*ret_at = now_ns();
	for (struct cmsghdr *c = got >= 0 ? CMSG_FIRSTHDR(&message) : NULL; c; c = CMSG_NXTHDR(&message, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec t;

			memcpy(&t, CMSG_DATA(c), sizeof t);
			*ret_at = (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
		}
	return got;
}

static void hear(int fd, struct run *run, uint64_t until)
{
	static char data[65536];
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	uint64_t at, now;

	while ((now = now_ns()) < until) {
		struct timespec limit = {(time_t)((until - now) / 1000000000), (long)((until - now) % 1000000000)};

		if (ppoll(&wait, 1, &limit, NULL) <= 0)
			continue;
		while (receive(fd, data, sizeof data, &at) >= (ssize_t)(run->skip + sizeof(struct echo)))
			if (!run->skip || (data[20] == 0 && memcmp(data + 24, &run->id, 2) == 0)) {
				struct echo echo;

				memcpy(&echo, data + run->skip, sizeof echo);
				note(run, echo.sent, at);
			}
	}
}

/* ICMP's header of an echo request before `size` bytes; the kernel does not fill in its checksum. */
static void put_ping(const struct run *run, char *data, size_t size)
{
	uint16_t head[4] = {htons(0x0800), 0, run->id, htons((uint16_t)run->sent)}, word;
	uint32_t sum = 0;

	memcpy(data, head, sizeof head);
	for (size_t i = 0; i + 1 < size; i += 2) {
		memcpy(&word, data + i, 2);
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	head[1] = (uint16_t)~(sum + (sum >> 16));
	memcpy(data, head, sizeof head);
}

static int run_udp(int fd, struct run *run, double seconds, uint64_t gap, size_t size)
{
	static char data[65536];
	uint64_t begin = now_ns(), end = begin + (uint64_t)(seconds * 1e9);
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
	for (uint64_t next = begin; next < end && run->sent < MOST; next += gap) {
		struct echo echo = {.number = run->sent, .sent = now_ns()};

		memcpy(data + (run->skip ? 8 : 0), &echo, sizeof echo);
		if (run->skip)
			put_ping(run, data, size);
		run->sent += send(fd, data, size, MSG_DONTWAIT) == (ssize_t)size;
		hear(fd, run, next + gap);
	}
	hear(fd, run, now_ns() + 300000000);
	qsort(run->each, run->back, sizeof *run->each, compare);
	printf("{\"sent\": %lu, \"back\": %lu, \"lost\": %ld, \"late\": %lu, \"worst_us\": %.0f, \"gap_us\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f}\n", run->sent, run->back,
	       (long)(run->sent - run->back), run->late, (double)run->worst / 1e3, (double)run->gap / 1e3, (double)part(run, .5), (double)part(run, .99));
	return 0;
}

/* --- TCP */

static unsigned repeated(int fd)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof info;

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
	return info.tcpi_total_retrans;
}

static int run_tcp(int fd, struct run *run, double seconds, uint64_t gap, size_t size)
{
	static char data[65536];
	uint64_t begin = now_ns(), end = begin + (uint64_t)(seconds * 1e9);
	struct timeval limit = {5, 0};
	int one = 1, error = 0;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	while (now_ns() < end && run->sent < MOST && !error) {
		uint64_t sent = now_ns();

		if (send(fd, data, size, MSG_NOSIGNAL) != (ssize_t)size || recv(fd, data, size, MSG_WAITALL) != (ssize_t)size)
			error = errno ? errno : ECONNRESET;
		run->sent++;
		if (!error)
			note(run, sent, now_ns());
		usleep((useconds_t)(gap / 1000));
	}
	qsort(run->each, run->back, sizeof *run->each, compare);
	printf("{\"sent\": %lu, \"back\": %lu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"worst_us\": %.0f, \"late\": %lu, \"again\": %u, \"error\": \"%s\"}\n", run->sent, run->back,
	       (double)part(run, .5), (double)part(run, .99), (double)run->worst / 1e3, run->late, repeated(fd), error ? strerror(error) : "");
	return error != 0;
}

static int run_bulk(int fd, double seconds)
{
	static char data[65536];
	uint64_t begin = now_ns(), end = begin + (uint64_t)(seconds * 1e9), total = 0, now;

	while ((now = now_ns()) < end) {
		ssize_t sent = send(fd, data, sizeof data, MSG_NOSIGNAL);

		if (sent < 0)
			break;
		total += (uint64_t)sent;
	}
	printf("{\"mbit\": %.0f, \"again\": %u}\n", (double)total * 8e3 / (double)(now - begin), repeated(fd));
	return 0;
}

/* --- floods */

struct head {
	uint8_t mac[12];
	uint16_t type;
	uint8_t first, tos;
	uint16_t size, id, offset;
	uint8_t ttl, protocol;
	uint16_t sum;
	uint32_t source, destination;
	uint16_t sport, dport;
	uint8_t rest[22];
} __attribute__((packed));

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void vary(struct head *head, const char *kind, uint32_t source, uint64_t random)
{
	uint32_t sum = 0;

	head->source = source ^ htonl((uint32_t)(random >> 32) & 0xffff);
	head->sport = (uint16_t)random;
	head->id = (uint16_t)(random >> 16);
	head->protocol = !strcmp(kind, "syn") ? IPPROTO_TCP : IPPROTO_UDP;
	head->offset = !strcmp(kind, "pieces") ? htons(0x2000) : !strcmp(kind, "later") ? htons(0x2000 | 100) : 0;
	head->sum = 0;
	for (int i = 0; i < 10; i++)
		sum += ((const uint16_t *)(const void *)&head->first)[i];
	sum = (sum & 0xffff) + (sum >> 16);
	head->sum = (uint16_t)~(sum + (sum >> 16));
}

static int run_flood(char **argv)
{
	enum { BATCH = 64 };
	static struct head heads[BATCH];
	static struct mmsghdr messages[BATCH];
	static struct iovec parts[BATCH];
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[2])};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), sent;
	uint64_t end = now_ns() + (uint64_t)(strtod(argv[4], NULL) * 1e9), state = 88172645463325252ull, total = 0;
	struct in_addr source, destination;

	inet_pton(AF_INET, argv[5], &source);
	inet_pton(AF_INET, argv[6], &destination);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return 1;
	for (int i = 0; i < BATCH; i++) {
		heads[i] = (struct head){.mac = {2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8}, .type = htons(0x800), .first = 0x45, .size = htons(46), .ttl = 64,
			.destination = destination.s_addr, .dport = htons((uint16_t)strtol(argv[7], NULL, 10)), .rest = {0, 26, 0, 0, 0, 0, 0, 0, 0x50, 2}};
		parts[i] = (struct iovec){&heads[i], sizeof heads[i]};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	while (now_ns() < end) {
		for (int i = 0; i < BATCH; i++)
			vary(&heads[i], argv[3], source.s_addr, next_random(&state));
		sent = sendmmsg(fd, messages, BATCH, 0);
		total += sent > 0 ? (uint64_t)sent : 0;
	}
	printf("{\"sent\": %lu}\n", total);
	return 0;
}

static int door(int kind, int port)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
	int fd = socket(AF_INET6, kind, 0), one = 1, none = 0;

	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &none, sizeof none);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || (kind == SOCK_STREAM && listen(fd, 64) < 0)) {
		perror("gateway-probe");
		exit(1);
	}
	return fd;
}

static void answer(struct pollfd *wait, int udp, int echo)
{
	static char data[1 << 18];
	struct sockaddr_storage from;
	socklen_t size = sizeof from;
	ssize_t got;

	if (wait->fd == udp) {
		while ((got = recvfrom(udp, data, sizeof data, MSG_DONTWAIT, (struct sockaddr *)&from, &size)) >= 0)
			sendto(udp, data, (size_t)got, MSG_DONTWAIT, (struct sockaddr *)&from, size);
		return;
	}
	got = recv(wait->fd, data, sizeof data, MSG_DONTWAIT);
	if (got == 0 || (got < 0 && errno != EAGAIN))
		close(wait->fd), wait->fd = -1;
	else if (echo && got > 0 && send(wait->fd, data, (size_t)got, MSG_NOSIGNAL) < 0)
		close(wait->fd), wait->fd = -1;
}

static void run_listen(int port)
{
	int udp = door(SOCK_DGRAM, port), echo = door(SOCK_STREAM, port), bulk = door(SOCK_STREAM, port + 1), one = 1;
	struct pollfd waits[SESSIONS] = {{udp, POLLIN, 0}, {echo, POLLIN, 0}, {bulk, POLLIN, 0}};
	char echoes[SESSIONS] = {0};
	nfds_t count = 3;

	printf("listening\n");
	fflush(stdout);
	for (;;) {
		poll(waits, count, -1);
		for (nfds_t i = 0; i < count; i++) {
			if (!waits[i].revents)
				continue;
			if (i == 1 || i == 2) {
				int fd = accept(waits[i].fd, NULL, NULL);
				nfds_t at = 3;

				setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
				while (at < count && waits[at].fd >= 0)
					at++;
				if (at == SESSIONS) {
					close(fd);
					continue;
				}
				count = at == count ? count + 1 : count;
				waits[at] = (struct pollfd){fd, POLLIN, 0};
				echoes[at] = i == 1;
			} else {
				answer(&waits[i], udp, echoes[i]);
			}
		}
	}
}

int main(int argc, char **argv)
{
	struct sched_param first = {.sched_priority = 5};
	struct run run = {.each = calloc(MOST, sizeof(float))};
	double seconds = argc > 4 ? strtod(argv[4], NULL) : 1;
	uint64_t gap = argc > 5 ? strtoull(argv[5], NULL, 10) * 1000 : 1000000;
	size_t size = argc > 6 ? strtoull(argv[6], NULL, 10) : 64;

	if (argc < 3)
		return 2;
	if (strcmp(argv[1], "bulk") && strcmp(argv[1], "flood"))
		sched_setscheduler(0, SCHED_FIFO, &first);
	if (!strcmp(argv[1], "listen"))
		run_listen((int)strtol(argv[2], NULL, 10));
	if (argc < 5)
		return 2;
	if (!strcmp(argv[1], "flood"))
		return argc > 7 ? run_flood(argv) : 2;
	if (!strcmp(argv[1], "udp"))
		return run_udp(reach(argv[2], argv[3], SOCK_DGRAM), &run, seconds, gap, size);
	if (!strcmp(argv[1], "ping")) {
		struct sockaddr_in to = {.sin_family = AF_INET};
		int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

		run.skip = 28;
		run.id = (uint16_t)getpid();
		if (inet_pton(AF_INET, argv[2], &to.sin_addr) != 1 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
			return 1;
		return run_udp(fd, &run, seconds, gap, size & ~(size_t)1);
	}
	if (!strcmp(argv[1], "tcp"))
		return run_tcp(reach(argv[2], argv[3], SOCK_STREAM), &run, seconds, gap, size);
	if (!strcmp(argv[1], "bulk")) {
		char next[32];

		snprintf(next, sizeof next, "%ld", strtol(argv[3], NULL, 10) + 1);
		return run_bulk(reach(argv[2], next, SOCK_STREAM), seconds);
	}
	return 2;
}
