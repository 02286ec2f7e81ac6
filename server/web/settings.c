// SPDX-License-Identifier: GPL-3.0-or-later
/* The audit trail as a page, and the settings of sites. */
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "web/audit.h"
#include "web/handlers.h"
#include "wire/json.h"

enum { AUDIT_ROWS = 100 };

static int put_state(struct sk_req *q)
{
	struct sk_audit_state state;
	char head[2 * SK_SHA256_SIZE + 1];
	json_object *o;
	int r = sk_audit_verify(&q->web->db, &state);

	if (r)
		return r;
	o = sk_put_object(q->model, "chain");
	sk_put_i(o, "entries", state.entries);
	sk_put_s(o, "head", sk_hex(state.head, sizeof state.head, head));
	sk_put_i(o, "broken", state.broken);
	sk_put_s(o, "why", state.why);
	return 0;
}

int sk_do_audit(struct sk_req *q)
{
	json_object *lines = NULL;
	uint64_t before = 0;
	size_t n;
	int r;

	if (sk_form_text(&q->query, "before")[0] && sk_parse_u64(sk_form_text(&q->query, "before"), INT64_MAX, &before))
		return SK_BAD;
	sk_req_scope(q, SK_OBJECT_AUDIT, SK_VERB_READ);
	r = sk_audit_list(&q->web->db, q->places, q->place_count, q->all_places, (int64_t)before, AUDIT_ROWS, &lines);
	if (r)
		return r;
	n = json_object_array_length(lines);
	sk_put_o(sk_req_model(q), "lines", lines);
	if (n == AUDIT_ROWS)
		sk_put_i(q->model, "next", sk_field_int(json_object_array_get_idx(lines, n - 1), "seq"));
	/* The state of the whole chain: for those who may see the whole. */
	return q->all_places && strcmp(sk_form_text(&q->query, "verify"), "1") == 0 ? put_state(q) : 0;
}

int sk_do_sites(struct sk_req *q)
{
	_cleanup_rows_ sqlite3_stmt *rows = NULL;
	json_object *sites = sk_put_array(sk_req_model(q), "sites");
	int r;

	sk_req_scope(q, SK_OBJECT_SITE, SK_VERB_READ);
	r = sk_db_query(&q->web->db, &rows, "SELECT org, site, second_approver FROM site UNION SELECT org, site, 0 FROM asset a WHERE site<>'' AND NOT"
					    " EXISTS (SELECT 1 FROM site s WHERE s.org=a.org AND s.site=a.site) ORDER BY 1, 2", "");
	while (!r) {
		json_object *o;

		r = sk_db_row(rows);
		if (r || !sk_req_in_scope(q, sk_db_text(rows, 0), sk_db_text(rows, 1)))
			continue;
		o = sk_add_object(sites);
		sk_put_s(o, "org", sk_db_text(rows, 0));
		sk_put_s(o, "site", sk_db_text(rows, 1));
		sk_put_b(o, "second_approver", sk_db_int(rows, 2) != 0);
		sk_put_b(o, "may_write", sk_req_may(q, SK_OBJECT_SITE, SK_VERB_WRITE, sk_db_text(rows, 0), sk_db_text(rows, 1)));
	}
	sk_put_b(q->model, "may_write", sk_req_may_anywhere(q, SK_OBJECT_SITE, SK_VERB_WRITE));
	return r == SK_END ? 0 : r;
}

int sk_do_site_set(struct sk_req *q)
{
	const char *org = sk_form_text(&q->form, "org"), *site = sk_form_text(&q->form, "site");
	int64_t second = strcmp(sk_form_text(&q->form, "second_approver"), "yes") == 0;
	_cleanup_json_ json_object *detail = json_object_new_object();
	int r;

	if (!sk_place_name_valid(org) || !sk_place_name_valid(site))
		return sk_fault(q, T_fault_place);
	if (!sk_req_may(q, SK_OBJECT_SITE, SK_VERB_WRITE, org, site))
		return SK_DENIED;
	sk_put_b(detail, "second_approver", second);
	r = sk_db_begin(&q->web->db);
	if (r)
		return r;
	r = sk_db_run(&q->web->db, "INSERT INTO site(org, site, second_approver) VALUES(?,?,?) ON CONFLICT(org, site) DO UPDATE SET"
				   " second_approver=excluded.second_approver", "ssi", org, site, second);
	r = r ? r : sk_req_audit(q, "site.set", site, org, site, detail);
	r = sk_db_end(&q->web->db, r);
	if (!r)
		sk_req_go(q, "/sites", "done", "saved");
	return r;
}
