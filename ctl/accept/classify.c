// SPDX-License-Identifier: GPL-3.0-or-later
/* What a file is, from bytes that its maker chose. A wrong guess only moves a file from one heading to another: nothing is executed by it. */
#include "accept/inventory.h"

#include <string.h>
#include <strings.h>

#include "base/cursor.h"
#include "base/mem.h"

enum { ELF_REL = 1, ELF_EXEC = 2, ELF_DYN = 3, ELF_INTERP = 3, PROGRAM_HEADERS = 64 };

const char *const accept_kind_words[] = {"program", "library", "module", "script", "data", "link", "special", NULL};

struct elf {
	struct sk_cursor at;
	bool big, wide;
};

static uint16_t half(struct elf *elf)
{
	return elf->big ? sk_get_u16(&elf->at) : sk_get_u16_le(&elf->at);
}

static uint32_t word(struct elf *elf)
{
	return elf->big ? sk_get_u32(&elf->at) : sk_get_u32_le(&elf->at);
}

/* An address or offset; what lies beyond 4 GiB is not in a head. */
static uint32_t address(struct elf *elf)
{
	uint32_t first = word(elf), second;

	if (!elf->wide)
		return first;
	second = word(elf);
	return elf->big ? (first ? UINT32_MAX : second) : (second ? UINT32_MAX : first);
}

static bool has_interpreter(struct elf elf, const void *head, size_t size, uint32_t headers, uint16_t entry, uint16_t count)
{
	for (uint16_t i = 0; i < count && i < PROGRAM_HEADERS; i++) {
		uint64_t at = (uint64_t)headers + (uint64_t)i * entry;

		sk_cursor_init(&elf.at, head, size);
		if (at > size || !sk_get_bytes(&elf.at, (size_t)at))
			return false;
		if (word(&elf) == ELF_INTERP && !elf.at.bad)
			return true;
	}
	return false;
}

static enum accept_kind classify_elf(const void *head, size_t size, const char *name, unsigned mode)
{
	struct elf elf = {0};
	const uint8_t *ident;
	const char *dot = strrchr(name, '.');
	uint16_t type, entry, count;
	uint32_t headers;

	sk_cursor_init(&elf.at, head, size);
	ident = sk_get_bytes(&elf.at, 16);
	if (!ident)
		return ACCEPT_PROGRAM;
	elf.wide = ident[4] == 2;
	elf.big = ident[5] == 2;
	type = half(&elf);
	half(&elf);
	word(&elf);
	address(&elf);
	headers = address(&elf);
	address(&elf);
	word(&elf);
	half(&elf);
	entry = half(&elf);
	count = half(&elf);
	if (type == ELF_REL)
		return dot && strncmp(dot, ".ko", 3) == 0 ? ACCEPT_MODULE : ACCEPT_LIBRARY;
	if (type != ELF_DYN || elf.at.bad)
		return ACCEPT_PROGRAM;
	return (mode & 0111) && has_interpreter(elf, head, size, headers, entry, count) ? ACCEPT_PROGRAM : ACCEPT_LIBRARY;
}

static bool begins(const void *head, size_t size, size_t at, const char *magic, size_t length)
{
	return size >= at + length && memcmp((const char *)head + at, magic, length) == 0;
}
#define BEGINS(at, magic) begins(head, size, at, magic, sizeof(magic) - 1)

/* What runs by its name alone, mostly on Windows. */
static const struct {
	const char *end;
	enum accept_kind kind;
} by_name[] = {{".sh", ACCEPT_SCRIPT}, {".bash", ACCEPT_SCRIPT}, {".csh", ACCEPT_SCRIPT}, {".py", ACCEPT_SCRIPT}, {".pyc", ACCEPT_LIBRARY},
	       {".pl", ACCEPT_SCRIPT}, {".rb", ACCEPT_SCRIPT}, {".lua", ACCEPT_SCRIPT}, {".tcl", ACCEPT_SCRIPT}, {".js", ACCEPT_SCRIPT},
	       {".jse", ACCEPT_SCRIPT}, {".ps1", ACCEPT_SCRIPT}, {".psm1", ACCEPT_SCRIPT}, {".bat", ACCEPT_SCRIPT}, {".cmd", ACCEPT_SCRIPT},
	       {".vbs", ACCEPT_SCRIPT}, {".vbe", ACCEPT_SCRIPT}, {".wsf", ACCEPT_SCRIPT}, {".hta", ACCEPT_SCRIPT}, {".lnk", ACCEPT_SCRIPT},
	       {".desktop", ACCEPT_SCRIPT}, {"autorun.inf", ACCEPT_SCRIPT}, {".com", ACCEPT_PROGRAM}, {".msi", ACCEPT_PROGRAM}, {".jar", ACCEPT_LIBRARY},
	       {".reg", ACCEPT_SCRIPT}};

enum accept_kind accept_classify(const void *head, size_t size, const char *name, unsigned mode)
{
	size_t length = strlen(name);

	if (BEGINS(0, "\177ELF"))
		return classify_elf(head, size, name, mode);
	if (BEGINS(0, "#!"))
		return ACCEPT_SCRIPT;
	if (BEGINS(0, "MZ"))
		return length > 4 && strcasecmp(name + length - 4, ".exe") != 0 ? ACCEPT_LIBRARY : ACCEPT_PROGRAM;
	if (BEGINS(0, "\xca\xfe\xba\xbe") || BEGINS(0, "\xcf\xfa\xed\xfe"))
		return ACCEPT_LIBRARY; /* Java's class, or another system's program */
	for (size_t i = 0; i < SK_ARRAY_SIZE(by_name); i++) {
		size_t end = strlen(by_name[i].end);

		if (length >= end && strcasecmp(name + length - end, by_name[i].end) == 0)
			return by_name[i].kind;
	}
	return ACCEPT_DATA;
}

bool accept_is_archive(const void *head, size_t size)
{
	return BEGINS(0, "PK\3\4") || BEGINS(0, "\x1f\x8b") || BEGINS(0, "BZh") || BEGINS(0, "\xfd" "7zXZ\0") || BEGINS(0, "\x28\xb5\x2f\xfd") ||
	       BEGINS(0, "7z\xbc\xaf\x27\x1c") || BEGINS(0, "!<arch>\n") || BEGINS(257, "ustar") || BEGINS(0, "MSCF") || BEGINS(0, "Rar!") ||
	       BEGINS(0, "07070") || BEGINS(0, "\xed\xab\xee\xdb");
}
