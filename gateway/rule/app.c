// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Which application a flow carries, for rules such as `alert smtp`: the parser's word where one took the flow, else by the first bytes of a direction.
 * A guess here decides only which rules are asked.
 */
#include <string.h>

#include "base/mem.h"
#include "rule/set.h"

static const struct {
	const char *name;
	uint8_t app;
} names[] = {
	{"http", APP_HTTP}, {"http1", APP_HTTP}, {"tls", APP_TLS}, {"ssl", APP_TLS}, {"dns", APP_DNS}, {"smtp", APP_SMTP}, {"ftp", APP_FTP},
	{"ftp-data", APP_FTP_DATA}, {"ssh", APP_SSH}, {"smb", APP_SMB}, {"dcerpc", APP_DCERPC}, {"modbus", APP_MODBUS}, {"dnp3", APP_DNP3}, {"enip", APP_ENIP},
};

uint8_t app_by_name(const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].app;
	return APP_COUNT;
}

uint8_t app_of_proto(const struct gw_proto *proto)
{
	uint8_t app = proto ? app_by_name(proto->name) : APP_UNKNOWN;

	return app == APP_COUNT ? APP_OTHER : app;
}

static bool begins(const uint8_t *data, size_t size, const char *with)
{
	size_t length = strlen(with);

	return size >= length && memcmp(data, with, length) == 0;
}

static bool begins_any(const uint8_t *data, size_t size, const char *const *words)
{
	for (; *words; words++)
		if (begins(data, size, *words))
			return true;
	return false;
}

static bool holds(const uint8_t *data, size_t size, const char *text)
{
	return memmem(data, size, text, strlen(text)) != NULL;
}

static uint8_t by_greeting(const uint8_t *data, size_t size, uint16_t port)
{
	size_t line = SK_MIN(size, (size_t)200);

	if (!begins(data, size, "220 ") && !begins(data, size, "220-"))
		return APP_UNKNOWN;
	if (holds(data, line, "SMTP") || port == 25 || port == 587)
		return APP_SMTP;
	return holds(data, line, "FTP") || port == 21 ? APP_FTP : APP_UNKNOWN;
}

uint8_t app_of_bytes(const uint8_t *data, size_t size, enum gw_dir dir, uint16_t port)
{
	static const char *const mail[] = {"EHLO ", "HELO ", "MAIL FROM:", "ehlo ", "helo ", NULL};
	static const char *const file[] = {"USER ", "FEAT\r", "AUTH TLS", "RETR ", "STOR ", "PASV\r", "EPSV\r", NULL};
	static const char *const web[] = {"GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "DELETE ", "CONNECT ", "PATCH ", "HTTP/1.", NULL};

	if (begins(data, size, "SSH-"))
		return APP_SSH;
	if (begins_any(data, size, web))
		return APP_HTTP;
	if (size >= 6 && data[0] >= 20 && data[0] <= 23 && data[1] == 3 && data[2] <= 4)
		return APP_TLS;
	if (size >= 8 && (memcmp(data + 4, "\xffSMB", 4) == 0 || memcmp(data + 4, "\xfeSMB", 4) == 0))
		return APP_SMB;
	if (size >= 10 && data[0] == 5 && data[1] == 0 && (data[2] == 11 || data[2] == 12 || data[2] == 0) && data[3] <= 3)
		return APP_DCERPC;
	if (dir == GW_TO_CLIENT)
		return by_greeting(data, size, port);
	if (begins_any(data, size, mail))
		return APP_SMTP;
	return port == 21 && begins_any(data, size, file) ? APP_FTP : APP_UNKNOWN;
}
