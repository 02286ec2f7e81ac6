// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What bench/policy starts, each in a process of its own:
 *   policy-rig make COUNT FILE    a signed policy of so many programs, as a scan writes them
 *   policy-rig verify FILE        as a duty of the agent verifies it; prints seconds of the processor, and how many MiB the process had more at its highest than when the text was read
 *   policy-rig json-c FILE        the same text with json-c's own parser: envelope, base64, payload as a tree; no signature, no table
 *   policy-rig add COUNT | collect COUNT      seconds to make such a list one by one in its order, or collected
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "policy/policy.h"

enum { NOW = 1800000000, DAY = 86400, FAILED = 3 };

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int refuse(const char *what)
{
	fprintf(stderr, "policy-rig: %s\n", what);
	return FAILED;
}

/* A program of a Debian machine: path, package, version; where the hash comes from. */
static void program(unsigned i, struct sk_program *one, char text[static 3][128])
{
	uint8_t seed[8] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16), 1};

	snprintf(text[0], 128, "/usr/lib/x86_64-linux-gnu/component-%u/libexec/tool-%u.so.%u", i / 40, i, i % 7);
	snprintf(text[1], 128, "component-%u", i / 40);
	snprintf(text[2], 128, "2.%u.%u-%u+deb12u1", i % 30, i % 9, i % 5);
	*one = (struct sk_program){.name = text[0], .package = text[1], .version = text[2], .publisher = (char *)"Debian", .size = 4096 + i % 1000000,
				   .kind = i % 3 ? SK_LIBRARY : SK_PROGRAM, .provenance = (char *)"scan 2026-11-23"};
	if (sk_sha256(seed, sizeof seed, one->sha256) != 0)
		exit(FAILED);
}

static int fill(unsigned count, struct sk_policy *policy)
{
	struct sk_collector c;
	struct sk_program one;
	char text[3][128];
	int r = sk_collect_begin(&c, policy);

	for (unsigned i = 0; i < count && r == 0; i++) {
		program(i, &one, text);
		r = sk_collect_program(&c, &one);
	}
	sk_collect_end(&c);
	return r;
}

static struct sk_private *site_key(void)
{
	static const uint8_t seed[SK_PUBLIC_SIZE] = {9};
	struct sk_private *key;

	if (sk_private_from_seed(seed, &key) != 0)
		exit(FAILED);
	return key;
}

static int make(unsigned count, const char *path)
{
	_cleanup_envelope_ struct sk_envelope *envelope = NULL;
	_cleanup_buf_ struct sk_buf text = SK_BUF(SK_ENVELOPE_MAX);
	_cleanup_policy_ struct sk_policy policy = {.serial = 1, .not_before = NOW - DAY, .expires = NOW + DAY, .lockdown = {.deadline_ms = 200}};
	_cleanup_private_ struct sk_private *key = site_key();
	FILE *out = fopen(path, "w");

	if (!out || fill(count, &policy) != 0 || sk_policy_sign(&policy, key, NULL, &envelope, NULL) != 0 || sk_envelope_write(envelope, &text) != 0 ||
	    fwrite(text.data, 1, text.size, out) != text.size || fclose(out) != 0)
		return refuse("the policy cannot be made");
	printf("{\"envelope_bytes\": %zu, \"payload_bytes\": %zu}\n", text.size, envelope->payload_size);
	return 0;
}

static char *load(const char *path, size_t *ret_size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *text;

	if (fd < 0 || fstat(fd, &st) < 0 || !(text = sk_malloc((size_t)st.st_size + 1)) || read(fd, text, (size_t)st.st_size) != st.st_size)
		exit(refuse("the policy cannot be read"));
	text[st.st_size] = '\0';
	*ret_size = (size_t)st.st_size;
	return text;
}

static double highest_mib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_maxrss / 1024;
}

static int verify(const char *path)
{
	_cleanup_private_ struct sk_private *key = site_key();
	_cleanup_answer_ struct sk_policy_answer answer = {0};
	_cleanup_free_ char *text = NULL;
	struct sk_trust trust;
	struct sk_policy_question question = {.trust = &trust, .when = {NOW, false}, .part = SK_PART_LOCKDOWN};
	size_t size;
	double begun, before;

	text = load(path, &size);
	sk_trust_init(&trust, sk_private_public(key));
	before = highest_mib();
	begun = seconds();
	if (sk_policy_verify(&question, text, size, &answer) != 0)
		return refuse(answer.diag.text);
	printf("{\"seconds\": %.4f, \"mib\": %.1f, \"programs\": %zu}\n", seconds() - begun, highest_mib() - before, answer.policy.lockdown.programs.count);
	sk_trust_done(&trust);
	return 0;
}

static int by_json_c(const char *path)
{
	_cleanup_free_ char *text = NULL, *payload = NULL;
	struct json_object *envelope, *tree, *programs;
	size_t size, length;
	const char *base64;
	double begun, before;

	text = load(path, &size);
	before = highest_mib();
	begun = seconds();
	envelope = json_tokener_parse(text);
	base64 = json_object_get_string(json_object_object_get(envelope, "payload"));
	if (!base64 || !(payload = sk_malloc(strlen(base64))) || sk_unbase64(base64, strlen(base64), payload, strlen(base64), &length) != 0)
		return refuse("json-c does not read the envelope");
	payload[length] = '\0';
	tree = json_tokener_parse(payload);
	programs = json_object_object_get(json_object_object_get(tree, "lockdown"), "programs");
	printf("{\"seconds\": %.4f, \"mib\": %.1f, \"programs\": %zu}\n", seconds() - begun, highest_mib() - before, json_object_array_length(programs));
	json_object_put(tree);
	json_object_put(envelope);
	return 0;
}

static int add(unsigned count, bool one_by_one)
{
	_cleanup_policy_ struct sk_policy policy = {0};
	double begun = seconds();
	struct sk_program one;
	char text[3][128];
	int r = one_by_one ? 0 : fill(count, &policy);

	for (unsigned i = 0; one_by_one && i < count && r == 0; i++) {
		program(i, &one, text);
		r = sk_policy_add_program(&policy, &one);
	}
	if (r != 0 || policy.lockdown.programs.count != count)
		return refuse("not all were added");
	printf("{\"seconds\": %.4f, \"programs\": %u}\n", seconds() - begun, count);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 2 ? argv[1] : "";

	if (strcmp(verb, "make") == 0 && argc == 4)
		return make((unsigned)strtoul(argv[2], NULL, 10), argv[3]);
	if (strcmp(verb, "verify") == 0)
		return verify(argv[2]);
	if (strcmp(verb, "json-c") == 0)
		return by_json_c(argv[2]);
	if (strcmp(verb, "add") == 0 || strcmp(verb, "collect") == 0)
		return add((unsigned)strtoul(argv[2], NULL, 10), verb[0] == 'a');
	return refuse("make COUNT FILE | verify FILE | json-c FILE | add COUNT | collect COUNT");
}
