// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Our own running notes, one line each to standard error. Not the event path: what a customer must not lose
 * is an event (lib/event). Nothing secret and no content of files, recipes or documents may go here.
 *
 * Under systemd (JOURNAL_STREAM set) a line starts with the journal's "<N>" priority; else with the level's
 * name. Control bytes in a line are replaced, so that foreign text cannot forge a second line.
 *
 * Never waits for who reads the log: a line that finds no room is left out, and the next one that does is preceded by how many were.
 */
#pragma once

enum sk_log_level { SK_LOG_ERROR = 3, SK_LOG_WARNING = 4, SK_LOG_NOTICE = 5, SK_LOG_INFO = 6, SK_LOG_DEBUG = 7 };

/* Name of the duty, shown in every line. The string is copied (at most 31 bytes). */
void sk_log_name(const char *name);
void sk_log_max(enum sk_log_level level); /* default SK_LOG_NOTICE, or from SEKISHO_LOG=debug|info|notice|warning|error */
void sk_log(enum sk_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
