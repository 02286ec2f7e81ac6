// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The rig's policies: a line each, no more than the tests need. What people write is another language, and another reader (gateway/segment).
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/rig.h"

static int word_of(const char *word, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], word))
			return i;
	return -1;
}

static const char *const verdicts[] = {"drop", "switch", "inspect", NULL};
static const char *const modes[] = {"enforce", "shadow", "observe", NULL};

static bool read_zone(struct rig_policy *policy, const char *line)
{
	struct gw_table_prefix *prefix = &policy->prefixes[policy->table.prefix_count];
	unsigned zone, bits, vlan = GW_VLAN_ANY;
	char address[64];

	if (sscanf(line, "zone %u %63[0-9a-fA-F.:]/%u %u", &zone, address, &bits, &vlan) < 3)
		return false;
	*prefix = (struct gw_table_prefix){.ip = strchr(address, ':') ? 6 : 4, .bits = (uint8_t)bits, .vlan = (uint16_t)vlan, .zone = zone};
	policy->table.prefix_count++;
	return inet_pton(prefix->ip == 6 ? AF_INET6 : AF_INET, address, prefix->address) == 1;
}

static bool read_conduit(struct rig_policy *policy, const char *line)
{
	char otherwise[16], mode[16], failure[16];
	struct gw_table_conduit conduit = {.first = policy->table.rule_count};
	bool none = sscanf(line, "none %15s %15s %15s", otherwise, mode, failure) == 3;

	if (!none && sscanf(line, "conduit %u %u %15s %15s %15s", &conduit.from, &conduit.to, otherwise, mode, failure) != 5)
		return false;
	if (word_of(otherwise, verdicts) < 0 || word_of(mode, modes) < 0)
		return false;
	conduit.otherwise = (enum gw_course)word_of(otherwise, verdicts);
	conduit.mode = (enum gw_mode)word_of(mode, modes);
	conduit.closed = !strcmp(failure, "closed");
	if (none)
		policy->table.none = conduit;
	else
		policy->conduits[policy->table.conduit_count++] = conduit;
	return true;
}

/* Belongs to the conduit above it, and has its mode and failure setting where it names none. */
static bool read_rule(struct rig_policy *policy, const char *line)
{
	unsigned protocol, low, high;
	char verdict[16], mode[16], failure[16];
	int words = sscanf(line, "rule %u %u %u %15s %15s %15s", &protocol, &low, &high, verdict, mode, failure);

	if ((words != 4 && words != 6) || word_of(verdict, verdicts) < 0 || !policy->table.conduit_count)
		return false;
	policy->rules[policy->table.rule_count] = (struct gw_rule_entry){.low = (uint16_t)low, .high = (uint16_t)high, .protocol = (uint8_t)protocol,
		.verdict = (uint8_t)word_of(verdict, verdicts), .mode = (uint8_t)policy->conduits[policy->table.conduit_count - 1].mode,
		.closed = policy->conduits[policy->table.conduit_count - 1].closed};
	if (words == 6 && word_of(mode, modes) >= 0) {
		policy->rules[policy->table.rule_count].mode = (uint8_t)word_of(mode, modes);
		policy->rules[policy->table.rule_count].closed = !strcmp(failure, "closed");
	}
	policy->table.rule_count++;
	policy->conduits[policy->table.conduit_count - 1].count++;
	return true;
}

static bool read_type(struct rig_policy *policy, const char *line)
{
	unsigned type;
	char verdict[16];

	if (sscanf(line, "type %x %15s", &type, verdict) != 2 || word_of(verdict, verdicts) < 0)
		return false;
	policy->types[policy->table.type_count++] = (struct gw_table_type){.type = (uint16_t)type, .verdict = (enum gw_course)word_of(verdict, verdicts)};
	return true;
}

static bool read_bits(struct rig_policy *policy, const char *line)
{
	policy->table.bits = (strstr(line, "vlans") ? GW_LIVE_VLANS : 0u) | (strstr(line, "strict") ? GW_LIVE_STRICT : 0u) |
			     (strstr(line, "redirect") ? GW_LIVE_REDIRECT : 0u) | (strstr(line, "types-drop") ? GW_LIVE_TYPES_DROP : 0u);
	return true;
}

static bool has_room(const struct gw_table *table)
{
	return table->prefix_count < 256 && table->conduit_count < 256 && table->rule_count < 1024 && table->type_count < 64;
}

bool rig_policy_read(const char *path, struct rig_policy *policy)
{
	static const struct {
		const char *word;
		bool (*read)(struct rig_policy *policy, const char *line);
	} lines[] = {{"zone ", read_zone}, {"conduit ", read_conduit}, {"none ", read_conduit}, {"rule ", read_rule}, {"type ", read_type}, {"bits ", read_bits}};
	FILE *file = fopen(path, "re");
	char line[256];
	bool good = file;

	memset(policy, 0, sizeof *policy);
	while (good && fgets(line, sizeof line, file)) {
		good = line[0] == '\n' || line[0] == '#';
		for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
			if (!strncmp(line, lines[i].word, strlen(lines[i].word)))
				good = has_room(&policy->table) && lines[i].read(policy, line);
		if (!good)
			fprintf(stderr, "gateway-rig: not understood: %s", line);
	}
	if (file)
		fclose(file);
	policy->table.prefixes = policy->prefixes;
	policy->table.conduits = policy->conduits;
	policy->table.rules = policy->rules;
	policy->table.types = policy->types;
	return good;
}
