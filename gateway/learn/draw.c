// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Zones and conduits as one SVG with two halves: on the left what the policy says, on the right what was heard. In both the zones are columns in the same order, and each
 * way is a row: an arrow from the zone that opens to the zone that is called. The same way stands in the same row of both halves, so what is on one side alone is seen
 * at a glance. No script, no font of its own; it is as wide as its zones want.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "learn/groups.h"

enum { COLUMN = 150, ROW = 46, TOP = 132, MARGIN = 24, GAP = 70, BOX = 40, COLUMNS = 16, ROWS = 200, LETTER = 7 };

struct way {
	int from, to;                        /* columns; -1 = any zone */
	const struct sk_conduit *conduit;    /* NULL: the policy knows no such way */
	uint64_t messages, conversations, refused;
	char what[96];                       /* protocols heard */
};

struct drawing {
	struct gw_groups g;
	struct sk_buf *out;
	bool ja;
	int r;
	int columns, width;                  /* of a half */
	struct way ways[ROWS];
	size_t count, left_out;
};

static void put(struct drawing *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct drawing *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!d->r)
		d->r = sk_buf_vprintf(d->out, format, args);
	va_end(args);
}

/* At most `most` letters, with what XML would take for markup replaced. */
static void put_text(struct drawing *d, const char *text, int most)
{
	size_t size = strlen(text);

	for (size_t i = 0; i < size && i < (size_t)most; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '<' || c == '>' || c == '&' || c == '"')
			put(d, "&#%u;", c);
		else if (c >= 0x20)
			put(d, "%c", c);
	}
	if (size > (size_t)most)
		put(d, "…");
}

/* --- ways */

static int column_of(const struct drawing *d, const char *zone)
{
	for (int i = 0; i < d->columns; i++)
		if (strcmp(d->g.zones[i].name, zone) == 0)
			return i;
	return -1;
}

static struct way *add_way(struct drawing *d, int from, int to)
{
	if (d->count == ROWS) {
		d->left_out++;
		return NULL;
	}
	d->ways[d->count] = (struct way){.from = from, .to = to};
	return &d->ways[d->count++];
}

static void put_conduits(struct drawing *d)
{
	const struct sk_gateway *source = d->g.policy ? gw_policy_source(d->g.policy) : NULL;
	const struct sk_conduit *list = source ? source->conduits.items : NULL;

	for (size_t i = 0; source && i < source->conduits.count; i++) {
		struct way *way = add_way(d, column_of(d, list[i].from), column_of(d, list[i].to));

		if (way)
			way->conduit = &list[i];
	}
}

/* The conduit that decides over a row, as a way; else the way without one. */
static struct way *way_of(struct drawing *d, const struct gw_learn_row *row)
{
	const struct gw_tuple flow = {.ip = row->ip, .transport = row->transport, .vlan = row->vlan, .port = row->port, .client = row->client, .server = row->server};
	const struct gw_ways *ways = d->g.policy ? gw_policy_conduit(d->g.policy, &flow) : NULL;
	const struct sk_conduit *list = d->g.policy ? gw_policy_source(d->g.policy)->conduits.items : NULL;
	int from = gw_groups_zone(&d->g, &row->client, row->ip, row->vlan), to = gw_groups_zone(&d->g, &row->server, row->ip, row->vlan);

	for (size_t i = 0; i < d->count; i++) {
		struct way *way = &d->ways[i];

		if (ways && ways->from ? way->conduit == &list[ways->index] : !way->conduit && way->from == from && way->to == to)
			return way;
	}
	return from >= 0 && to >= 0 && from < d->columns && to < d->columns ? add_way(d, from, to) : NULL;
}

static void note_proto(struct way *way, const char *proto)
{
	const char *name = proto[0] ? proto : "?";
	size_t at = strlen(way->what), size = strlen(name);

	for (const char *p = way->what; *p; p += strcspn(p, " "), p += *p == ' ')
		if (strncmp(p, name, size) == 0 && (p[size] == ' ' || !p[size]))
			return;
	if (at + size + 2 < sizeof way->what)
		snprintf(way->what + at, sizeof way->what - at, "%s%s", at ? " " : "", name);
}

static void put_traffic(struct drawing *d)
{
	for (uint32_t i = 0; i < d->g.row_count; i++) {
		const struct gw_learn_row *row = &d->g.table->rows[i];
		struct way *way = row->kind[0] ? NULL : way_of(d, row);

		if (!way)
			continue;
		*(row->name[0] ? &way->messages : &way->conversations) += gw_learn_total(row);
		way->refused += atomic_load(&row->count[2]);
		note_proto(way, row->proto);
	}
}

/* --- drawing */

static int middle(int half, int column, int width)
{
	return MARGIN + half * (width + GAP) + column * COLUMN + COLUMN / 2;
}

static void put_zone(struct drawing *d, int half, int column, int bottom)
{
	int x = middle(half, column, d->width);

	put(d, "<line class=\"life\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", x, TOP - 10, x, bottom);
	put(d, "<rect class=\"zone%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>\n<text class=\"name\" x=\"%d\" y=\"%d\">", d->g.zones[column].made ? " made" : "",
	    x - (COLUMN - 16) / 2, TOP - 10 - BOX, COLUMN - 16, BOX, x, TOP - 10 - BOX / 2 + 5);
	put_text(d, d->g.zones[column].name, 16);
	put(d, "</text>\n");
}

/* An arrow. "any" begins or ends at the half's edge; a way within one zone is a loop. */
static void put_arrow(struct drawing *d, int half, const struct way *way, int y, const char *class)
{
	int left = MARGIN + half * (d->width + GAP), a = way->from < 0 ? left : middle(half, way->from, d->width);
	int b = way->to < 0 ? left + d->width : middle(half, way->to, d->width);

	if (way->from == way->to && way->from >= 0)
		put(d, "<path class=\"way %s\" d=\"M %d %d h 34 v 12 h -28\" marker-end=\"url(#%s)\"/>\n", class, a, y, class);
	else
		put(d, "<path class=\"way %s\" d=\"M %d %d H %d\" marker-end=\"url(#%s)\"/>\n<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"3.5\"/>\n", class, a, y,
		    b + (a < b ? -6 : 6), class, class, a, y);
}

/* Where a label of so many letters stands over its arrow, within its half. */
static int label_at(const struct drawing *d, int half, const struct way *way)
{
	int left = MARGIN + half * (d->width + GAP), from = way->from < 0 ? left : middle(half, way->from, d->width);
	int to = way->to < 0 ? left + d->width : middle(half, way->to, d->width);

	return SK_MIN(from, to) + 10;
}

static int letters(const struct drawing *d, int half, const struct way *way)
{
	return (MARGIN + half * (d->width + GAP) + d->width - label_at(d, half, way)) / LETTER - 1;
}

static void put_policy_way(struct drawing *d, const struct way *way, int y)
{
	const struct sk_conduit *c = way->conduit;
	char text[200], ports[80] = "";
	bool used = way->messages || way->conversations;

	if (!c)
		return;
	for (size_t i = 0; i < c->ports.count && i < 3; i++)
		snprintf(ports + strlen(ports), sizeof ports - strlen(ports), " %.20s", c->ports.items[i]);
	snprintf(text, sizeof text, "%.64s%s%s, %s", c->name, ports, c->ports.count > 3 ? " …" : "", sk_watch_names[c->mode]);
	put_arrow(d, 0, way, y, c->action == SK_FLOW_DROP ? "shut" : used ? "good" : "idle");
	put(d, "<text class=\"label\" x=\"%d\" y=\"%d\">", label_at(d, 0, way), y - 7);
	put_text(d, text, SK_MAX(letters(d, 0, way), 12));
	put(d, "</text>\n");
}

static void put_heard_way(struct drawing *d, const struct way *way, int y)
{
	char text[260], a[32], b[32], c[32];
	const char *class = !way->conduit && d->g.policy ? "odd" : way->refused ? "shut" : "good";

	if (!way->messages && !way->conversations)
		return;
	snprintf(text, sizeof text, d->ja ? "%s: %s 件のメッセージ、会話 %s" : "%s: %s messages, %s conversations", way->what, gw_learn_number(way->messages, a),
		 gw_learn_number(way->conversations, b));
	if (way->refused)
		snprintf(text + strlen(text), sizeof text - strlen(text), d->ja ? "、拒否 %s" : ", %s refused", gw_learn_number(way->refused, c));
	put_arrow(d, 1, way, y, class);
	put(d, "<text class=\"label%s\" x=\"%d\" y=\"%d\">", strcmp(class, "odd") ? "" : " odd", label_at(d, 1, way), y - 7);
	put_text(d, text, d->ja ? 120 : SK_MAX(letters(d, 1, way), 24));
	put(d, "</text>\n");
}

static void put_head(struct drawing *d, int width, int height)
{
	static const struct {
		const char *name, *color;
	} classes[] = {{"good", "#1a7f4b"}, {"idle", "#8a9099"}, {"shut", "#b3261e"}, {"odd", "#b25e00"}};

	put(d, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\">\n<defs>\n", width, height, width, height);
	for (size_t i = 0; i < SK_ARRAY_SIZE(classes); i++)
		put(d, "<marker id=\"%s\" viewBox=\"0 0 10 10\" refX=\"8\" refY=\"5\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L10 5L0 10z\" fill=\"%s\"/></marker>\n",
		    classes[i].name, classes[i].color);
	put(d, "</defs>\n<style>.zone{fill:#eef3fb;stroke:#31527e;stroke-width:1.4}.made{fill:#fff6e6;stroke:#b25e00;stroke-dasharray:4 3}.life{stroke:#c9d1dc;stroke-width:1.4}"
	       ".name{font-size:13px;font-weight:600;text-anchor:middle;fill:#1d2733}.title{font-size:17px;font-weight:600;fill:#1d2733}.label{font-size:12px;fill:#333c47}"
	       ".label.odd{fill:#8a4500}.way{fill:none;stroke-width:2}.note{font-size:12px;fill:#5b6570}");
	for (size_t i = 0; i < SK_ARRAY_SIZE(classes); i++)
		put(d, ".way.%s{stroke:%s%s}circle.%s{fill:%s}", classes[i].name, classes[i].color, i == 1 ? ";stroke-dasharray:5 4" : i == 3 ? ";stroke-dasharray:8 3" : "",
		    classes[i].name, classes[i].color);
	put(d, "</style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n");
}

static void put_titles(struct drawing *d)
{
	put(d, "<text class=\"title\" x=\"%d\" y=\"34\">%s</text>\n", MARGIN, d->ja ? "ポリシー" : "By the policy");
	put(d, "<text class=\"title\" x=\"%d\" y=\"34\">%s</text>\n", MARGIN + d->width + GAP, d->ja ? "観測した通信" : "By the traffic");
	put(d, "<text class=\"note\" x=\"%d\" y=\"56\">%s</text>\n", MARGIN,
	    !d->g.policy ? (d->ja ? "ポリシーはありません" : "there is no policy")
		       : d->ja ? "緑: 使われている　灰: 観測なし　赤: 遮断" : "green: in use; grey: nothing was heard; red: shut");
	put(d, "<text class=\"note\" x=\"%d\" y=\"56\">%s</text>\n", MARGIN + d->width + GAP,
	    d->ja ? "橙: コンジットがない通信　赤: 拒否あり" : "orange: no conduit is for it; red: some was refused");
	if (d->left_out)
		put(d, "<text class=\"note\" x=\"%d\" y=\"72\">%zu %s</text>\n", MARGIN, d->left_out, d->ja ? "本は描いていません" : "more are not drawn");
}

static void put_all(struct drawing *d)
{
	int height = TOP + (int)d->count * ROW + 50, bottom = TOP + (int)d->count * ROW + 20;

	d->width = SK_MAX(d->columns, 3) * COLUMN;
	put_head(d, 2 * MARGIN + 2 * d->width + GAP, height);
	put_titles(d);
	for (int half = 0; half < 2; half++)
		for (int i = 0; i < d->columns; i++)
			put_zone(d, half, i, bottom);
	for (size_t i = 0; i < d->count; i++) {
		int y = TOP + (int)i * ROW + 34;

		put_policy_way(d, &d->ways[i], y);
		put_heard_way(d, &d->ways[i], y);
	}
	put(d, "</svg>\n");
}

int gw_learn_draw(const struct gw_learn_table *table, const struct gw_policy *policy, bool ja, struct sk_buf *out)
{
	struct drawing *d = sk_calloc(1, sizeof *d);
	int r;

	if (!d)
		return sk_origin(-ENOMEM);
	d->out = out;
	d->ja = ja;
	r = gw_groups_make(table, policy, &d->g);
	if (r == 0) {
		d->columns = (int)SK_MIN(d->g.zone_count, (size_t)COLUMNS);
		put_conduits(d);
		put_traffic(d);
		put_all(d);
		r = d->r;
		gw_groups_done(&d->g);
	}
	free(d);
	return r;
}
