// SPDX-License-Identifier: GPL-3.0-or-later
/* The table of messages (SEMI E5 streams 1 to 19 as E30, E40, E42, E87, E90, E94 and E139 use them), sorted by stream and function. */
#include "proto/hsms/table.h"

#include <stdlib.h>

#include "base/mem.h"

const struct gw_field_def hsms_fields[HSMS_FIELD_COUNT] = {
#define X(id, name, kind, secret, learn, en, ja) [HSMS_F_##id] = {name, kind, secret, learn, en, ja},
	HSMS_FIELDS(X)
#undef X
};

/* Short names for the rows. */
#define E BY_EITHER
#define H BY_HOST
#define Q BY_EQUIPMENT
#define SESS GW_ACT_SESSION
#define READ GW_ACT_READ
#define REP GW_ACT_REPORT
#define WRITE GW_ACT_WRITE
#define CTRL GW_ACT_CONTROL
#define ENG GW_ACT_ENGINEER
#define AT(...) .at = {__VA_ARGS__}
#define F(path, id) {path, HSMS_F_##id}
#define SAYS_NO(how, value) .no = how, .code = value
#define ACKED AT(F("", ACK))
#define ACKED_LIST AT(F("0", ACK))

static const struct hsms_row rows[] = {
	{1, 1, E, READ}, {1, 2, E, REP, AT(F("0", MDLN), F("1", SOFTREV))},
	{1, 3, H, READ, AT(F("*", SVID), F("", SVID))}, {1, 4, Q, REP},
	{1, 5, H, READ}, {1, 6, Q, REP}, {1, 7, H, READ}, {1, 8, Q, REP}, {1, 9, H, READ}, {1, 10, Q, REP},
	{1, 11, H, READ, AT(F("*", SVID), F("", SVID))}, {1, 12, Q, REP, AT(F("*.0", SVID))},
	{1, 13, E, SESS, AT(F("0", MDLN), F("1", SOFTREV))}, {1, 14, E, SESS, AT(F("0", ACK), F("1.0", MDLN), F("1.1", SOFTREV))},
	{1, 15, H, CTRL, SAYS_NO(NO_ABORT, 0)}, {1, 16, Q, SESS, ACKED},
	{1, 17, H, CTRL, SAYS_NO(NO_CODE, 1)}, {1, 18, Q, SESS, ACKED},
	{1, 19, H, READ, AT(F("0", OBJTYPE), F("1.*", OBJID), F("2.*", ATTRID))}, {1, 20, Q, REP},
	{1, 21, H, READ, AT(F("*", VID))}, {1, 22, Q, REP, AT(F("*.0", VID))},
	{1, 23, H, READ, AT(F("*", CEID))}, {1, 24, Q, REP, AT(F("*.0", CEID))},

	{2, 1, E, ENG, AT(F("0", PPID))}, {2, 2, E, SESS, ACKED},
	{2, 3, E, ENG, AT({"", HSMS_BODY})}, {2, 4, E, SESS, ACKED},
	{2, 5, E, READ, AT(F("", PPID))}, {2, 6, E, REP, AT({"", HSMS_BODY})},
	{2, 7, H, CTRL, AT(F("", PPID))}, {2, 8, Q, SESS, ACKED}, {2, 9, H, READ, AT(F("", PPID))}, {2, 10, Q, REP},
	{2, 11, H, READ}, {2, 12, Q, REP, AT(F("*", PPID))},
	{2, 13, H, READ, AT(F("*", ECID), F("", ECID))}, {2, 14, Q, REP},
	{2, 15, H, WRITE, SAYS_NO(NO_CODE, 2), AT(F("*.0", ECID), F("*.1", ECV))}, {2, 16, Q, SESS, ACKED},
	{2, 17, E, READ}, {2, 18, E, REP, AT(F("", TIME))},
	{2, 19, H, CTRL, SAYS_NO(NO_CODE, 1), AT(F("", RCMD))}, {2, 20, Q, SESS, ACKED},
	{2, 21, H, CTRL, SAYS_NO(NO_CODE, 2), AT(F("", RCMD))}, {2, 22, Q, SESS, ACKED},
	{2, 23, H, WRITE, SAYS_NO(NO_CODE, 2), AT(F("0", TRID), F("4.*", SVID))}, {2, 24, Q, SESS, ACKED},
	{2, 25, E, SESS}, {2, 26, E, SESS},
	{2, 27, H, CTRL, SAYS_NO(NO_CODE, 2), AT(F("0", PORT), F("1", PPID), F("2.*", MID))}, {2, 28, Q, SESS, ACKED},
	{2, 29, H, READ, AT(F("*", ECID), F("", ECID))}, {2, 30, Q, REP, AT(F("*.0", ECID))},
	{2, 31, H, WRITE, SAYS_NO(NO_CODE, 1), AT(F("", TIME))}, {2, 32, Q, SESS, ACKED},
	{2, 33, H, WRITE, SAYS_NO(NO_CODE, 1), AT(F("0", DATAID), F("1.*.0", RPTID), F("1.*.1.*", VID))}, {2, 34, Q, SESS, ACKED},
	{2, 35, H, WRITE, SAYS_NO(NO_CODE, 1), AT(F("0", DATAID), F("1.*.0", CEID), F("1.*.1.*", RPTID))}, {2, 36, Q, SESS, ACKED},
	{2, 37, H, WRITE, SAYS_NO(NO_CODE, 1), AT(F("1.*", CEID))}, {2, 38, Q, SESS, ACKED},
	{2, 39, H, SESS, SAYS_NO(NO_CODE, 4), AT(F("0", DATAID))}, {2, 40, Q, SESS, ACKED},
	{2, 41, H, CTRL, SAYS_NO(NO_CODE_LIST, 2), AT(F("0", RCMD), F("1.*.0", CPNAME), F("1.*.1", CPVAL))},
	{2, 42, Q, SESS, AT(F("0", ACK), F("1.*.0", CPNAME))},
	{2, 43, H, WRITE, SAYS_NO(NO_CODE_LIST, 1)}, {2, 44, Q, SESS, ACKED_LIST},
	{2, 45, H, WRITE, SAYS_NO(NO_CODE_LIST, 2), AT(F("0", DATAID), F("1.*.0", VID))}, {2, 46, Q, SESS, ACKED_LIST},
	{2, 47, H, READ, AT(F("*", VID))}, {2, 48, Q, REP, AT(F("*.0", VID))},
	{2, 49, H, CTRL, SAYS_NO(NO_CODE_LIST, 2), AT(F("0", DATAID), F("1", OBJSPEC), F("2", RCMD), F("3.*.0", CPNAME), F("3.*.1", CPVAL))},
	{2, 50, Q, SESS, AT(F("0", ACK), F("1.*.0", CPNAME))},

	{3, 1, H, READ}, {3, 2, Q, REP, AT(F("1.*.2", MID))}, {3, 3, H, READ}, {3, 4, Q, REP}, {3, 5, Q, REP}, {3, 6, H, SESS, ACKED},
	{3, 7, Q, REP}, {3, 8, H, SESS, ACKED}, {3, 9, Q, REP}, {3, 10, H, SESS}, {3, 11, Q, READ, AT(F("", PORT))},
	{3, 12, H, REP, AT(F("0", PORT), F("2", MID))}, {3, 13, Q, REP, AT(F("0", PORT), F("1", MID))}, {3, 14, H, SESS, ACKED},
	{3, 17, H, CTRL, SAYS_NO(NO_CODE_LIST, 2), AT(F("0", DATAID), F("1", ACTION), F("2", CARRIERID), F("3", PORT), F("4.*.0", ATTRID),
		F("4.*.1", ATTRDATA))},
	{3, 18, Q, SESS, ACKED_LIST}, {3, 19, H, CTRL, SAYS_NO(NO_CODE_LIST, 2)}, {3, 20, Q, SESS, ACKED_LIST},
	{3, 21, H, WRITE, SAYS_NO(NO_CODE_LIST, 2), AT(F("0", PORT))}, {3, 22, Q, SESS, ACKED_LIST},
	{3, 23, H, CTRL, SAYS_NO(NO_CODE_LIST, 2), AT(F("0", ACTION), F("1", PORT), F("2.*.0", CPNAME))}, {3, 24, Q, SESS, ACKED_LIST},
	{3, 25, H, CTRL, SAYS_NO(NO_CODE_LIST, 2), AT(F("0", ACTION), F("1", PORT), F("2.*.0", CPNAME))}, {3, 26, Q, SESS, ACKED_LIST},
	{3, 27, H, CTRL, SAYS_NO(NO_CODE_LIST, 2), AT(F("0", ACTION), F("1.*", PORT))}, {3, 28, Q, SESS, ACKED_LIST},
	{3, 29, H, READ}, {3, 30, Q, REP}, {3, 31, H, WRITE}, {3, 32, Q, SESS, ACKED_LIST}, {3, 33, H, CTRL}, {3, 34, Q, SESS, ACKED_LIST},
	{3, 35, H, CTRL}, {3, 36, Q, SESS},

	{5, 1, Q, REP, AT(F("0", ALCD), F("1", ALID), F("2", ALTX))}, {5, 2, H, SESS, ACKED},
	{5, 3, H, WRITE, SAYS_NO(NO_CODE, 1), AT(F("1", ALID))}, {5, 4, Q, SESS, ACKED},
	{5, 5, H, READ, AT(F("*", ALID), F("", ALID))}, {5, 6, Q, REP, AT(F("*.0", ALCD), F("*.1", ALID), F("*.2", ALTX))},
	{5, 7, H, READ}, {5, 8, Q, REP, AT(F("*.0", ALCD), F("*.1", ALID), F("*.2", ALTX))},
	{5, 9, Q, REP}, {5, 10, H, SESS}, {5, 11, Q, REP}, {5, 12, H, SESS}, {5, 13, H, CTRL, AT(F("0", ALID), F("1", ACTION))},
	{5, 14, Q, SESS}, {5, 15, Q, REP}, {5, 16, H, SESS}, {5, 17, H, CTRL, AT(F("", ALID))}, {5, 18, Q, SESS},

	{6, 1, Q, REP, AT(F("0", TRID))}, {6, 2, H, SESS, ACKED}, {6, 3, Q, REP, AT(F("0", DATAID), F("1", CEID))}, {6, 4, H, SESS, ACKED},
	{6, 5, Q, SESS, AT(F("0", DATAID))}, {6, 6, H, SESS, ACKED}, {6, 7, H, READ, AT(F("", DATAID))},
	{6, 8, Q, REP, AT(F("0", DATAID), F("1", CEID))}, {6, 9, Q, REP, AT(F("1", DATAID), F("2", CEID))}, {6, 10, H, SESS, ACKED},
	{6, 11, Q, REP, AT(F("0", DATAID), F("1", CEID), F("2.*.0", RPTID))}, {6, 12, H, SESS, ACKED},
	{6, 13, Q, REP, AT(F("0", DATAID), F("1", CEID), F("2.*.0", RPTID))}, {6, 14, H, SESS, ACKED},
	{6, 15, H, READ, AT(F("", CEID))}, {6, 16, Q, REP, AT(F("0", DATAID), F("1", CEID), F("2.*.0", RPTID))},
	{6, 17, H, READ, AT(F("", CEID))}, {6, 18, Q, REP, AT(F("0", DATAID), F("1", CEID), F("2.*.0", RPTID))},
	{6, 19, H, READ, AT(F("", RPTID))}, {6, 20, Q, REP}, {6, 21, H, READ, AT(F("", RPTID))}, {6, 22, Q, REP},
	{6, 23, H, CTRL, SAYS_NO(NO_CODE, 1), AT(F("", ACTION))}, {6, 24, Q, SESS, ACKED},
	{6, 25, Q, REP}, {6, 26, H, SESS, ACKED}, {6, 27, Q, REP, AT(F("0", DATAID), F("1", TRID))}, {6, 28, H, SESS},
	{6, 29, H, READ}, {6, 30, Q, REP},

	{7, 1, E, ENG, SAYS_NO(NO_CODE, 5), AT(F("0", PPID))}, {7, 2, E, SESS, ACKED},
	{7, 3, E, ENG, SAYS_NO(NO_CODE, 1), AT(F("0", PPID), {"1", HSMS_BODY})}, {7, 4, E, SESS, ACKED},
	{7, 5, E, READ, SAYS_NO(NO_EMPTY, 0), AT(F("", PPID))}, {7, 6, E, REP, AT(F("0", PPID), {"1", HSMS_BODY})},
	{7, 7, Q, READ, AT(F("", MID))}, {7, 8, H, REP, AT(F("0", PPID), F("1", MID))}, {7, 9, E, READ}, {7, 10, E, REP, AT(F("*.0", PPID))},
	{7, 11, H, ENG, SAYS_NO(NO_CODE, 1), AT(F("0", PPID))}, {7, 12, Q, SESS, ACKED},
	{7, 13, H, ENG, SAYS_NO(NO_CODE, 1), AT(F("*.0", PPID))}, {7, 14, Q, SESS, ACKED},
	{7, 15, H, ENG}, {7, 16, Q, SESS, ACKED},
	{7, 17, H, ENG, SAYS_NO(NO_CODE, 1), AT(F("*", PPID))}, {7, 18, Q, SESS, ACKED},
	{7, 19, H, READ}, {7, 20, Q, REP, AT(F("*", PPID))}, {7, 21, H, READ}, {7, 22, Q, REP, AT(F("0", MDLN), F("1", SOFTREV))},
	{7, 23, E, ENG, SAYS_NO(NO_CODE, 1), AT(F("0", PPID), F("1", MDLN), F("2", SOFTREV), {"3", HSMS_BODY})}, {7, 24, E, SESS, ACKED},
	{7, 25, E, READ, SAYS_NO(NO_EMPTY, 0), AT(F("", PPID))},
	{7, 26, E, REP, AT(F("0", PPID), F("1", MDLN), F("2", SOFTREV), {"3", HSMS_BODY})},
	{7, 27, Q, REP, AT(F("0", PPID))}, {7, 28, H, SESS}, {7, 29, Q, SESS}, {7, 30, H, SESS, ACKED},
	{7, 31, H, ENG, AT(F("0", PPID), F("1", MDLN), F("2", SOFTREV), {"3", HSMS_BODY})}, {7, 32, Q, SESS, ACKED},
	{7, 33, E, READ, AT(F("", PPID))}, {7, 34, E, REP, AT(F("0", PPID))}, {7, 35, E, READ, AT(F("", PPID))},
	{7, 36, E, REP, AT(F("0", PPID), {"3", HSMS_BODY})},
	{7, 37, E, ENG, SAYS_NO(NO_CODE, 1), AT(F("", DSNAME))}, {7, 38, E, SESS, ACKED},
	{7, 39, E, ENG, SAYS_NO(NO_CODE, 1), AT(F("", DSNAME))}, {7, 40, E, SESS, ACKED},
	{7, 41, E, READ, AT(F("", DSNAME))}, {7, 42, E, SESS, ACKED}, {7, 43, E, READ, AT(F("", DSNAME))}, {7, 44, E, SESS, ACKED},

	{9, 1, Q, REP, AT(F("", MHEAD))}, {9, 3, Q, REP, AT(F("", MHEAD))}, {9, 5, Q, REP, AT(F("", MHEAD))},
	{9, 7, Q, REP, AT(F("", MHEAD))}, {9, 9, Q, REP, AT(F("", MHEAD))}, {9, 11, Q, REP, AT(F("", MHEAD))}, {9, 13, Q, REP},

	{10, 1, Q, REP, AT(F("0", TID), F("1", TEXT))}, {10, 2, H, SESS, ACKED},
	{10, 3, H, WRITE, SAYS_NO(NO_CODE, 1), AT(F("0", TID), F("1", TEXT))}, {10, 4, Q, SESS, ACKED},
	{10, 5, H, WRITE, SAYS_NO(NO_CODE, 1), AT(F("0", TID), F("1.*", TEXT))}, {10, 6, Q, SESS, ACKED},
	{10, 7, Q, REP, AT(F("", TID))}, {10, 9, H, WRITE, SAYS_NO(NO_CODE, 1), AT(F("", TEXT))}, {10, 10, Q, SESS, ACKED},

	{12, 1, Q, REP, AT(F("0", MID))}, {12, 2, H, SESS, ACKED}, {12, 3, Q, READ, AT(F("0", MID))}, {12, 4, H, WRITE, AT(F("0", MID))},
	{12, 5, Q, SESS, AT(F("0", MID))}, {12, 6, H, SESS, ACKED}, {12, 7, Q, REP, AT(F("0", MID))}, {12, 8, H, SESS, ACKED},
	{12, 9, Q, REP, AT(F("0", MID))}, {12, 10, H, SESS, ACKED}, {12, 11, Q, REP, AT(F("0", MID))}, {12, 12, H, SESS, ACKED},
	{12, 13, Q, READ, AT(F("0", MID))}, {12, 14, H, WRITE, AT(F("0", MID))}, {12, 15, Q, READ, AT(F("0", MID))},
	{12, 16, H, WRITE, AT(F("0", MID))}, {12, 17, Q, READ, AT(F("0", MID))}, {12, 18, H, WRITE, AT(F("0", MID))}, {12, 19, E, REP},

	{13, 1, E, ENG, SAYS_NO(NO_CODE_LIST, 1), AT(F("", DSNAME))}, {13, 2, E, SESS, AT(F("0", DSNAME), F("1", ACK))},
	{13, 3, E, READ, AT(F("1", DSNAME))}, {13, 4, E, SESS, AT(F("1", DSNAME), F("2", ACK))}, {13, 5, E, READ}, {13, 6, E, REP, AT(F("1", ACK))},
	{13, 7, E, SESS}, {13, 8, E, SESS, AT(F("1", ACK))}, {13, 9, E, CTRL}, {13, 10, E, SESS},
	{13, 11, E, SESS, AT(F("0", DATAID), F("1", OBJSPEC))}, {13, 12, E, SESS, ACKED_LIST},
	{13, 13, E, WRITE, AT(F("0", DATAID), F("1", OBJSPEC), F("2", OBJTYPE), F("3", OBJID), F("4", ACTION))}, {13, 14, E, SESS, ACKED_LIST},
	{13, 15, E, READ, AT(F("0", DATAID), F("1", OBJSPEC), F("2", OBJTYPE), F("3", OBJID), F("4", ACTION))}, {13, 16, E, REP},

	{14, 1, E, READ, AT(F("0", OBJSPEC), F("1", OBJTYPE), F("2.*", OBJID), F("4.*", ATTRID))}, {14, 2, E, REP, AT(F("0.*.0", OBJID))},
	{14, 3, E, WRITE, AT(F("0", OBJSPEC), F("1", OBJTYPE), F("2.*", OBJID), F("3.*.0", ATTRID), F("3.*.1", ATTRDATA))},
	{14, 4, E, SESS}, {14, 5, E, READ}, {14, 6, E, REP}, {14, 7, E, READ, AT(F("0", OBJSPEC), F("1.*", OBJTYPE))}, {14, 8, E, REP},
	{14, 9, E, CTRL, AT(F("0", OBJSPEC), F("1", OBJTYPE), F("2.*.0", ATTRID), F("2.*.1", ATTRDATA))}, {14, 10, E, SESS, AT(F("0", OBJID))},
	{14, 11, E, CTRL, AT(F("0", OBJSPEC), F("1.*.0", ATTRID), F("1.*.1", ATTRDATA))}, {14, 12, E, SESS},
	{14, 13, E, CTRL, AT(F("0", OBJSPEC), F("1.*.0", ATTRID), F("1.*.1", ATTRDATA))}, {14, 14, E, SESS},
	{14, 15, E, CTRL, AT(F("0", OBJSPEC))}, {14, 16, E, SESS}, {14, 17, E, CTRL, AT(F("0", OBJSPEC))}, {14, 18, E, SESS},
	{14, 19, H, CTRL, AT(F("0", DATAID), F("2", OBJSPEC), F("3", ACTION), F("4.*.0", CPNAME), F("4.*.1", CPVAL))}, {14, 20, Q, SESS},
	{14, 21, Q, REP}, {14, 22, H, SESS}, {14, 23, E, SESS}, {14, 24, E, SESS}, {14, 25, E, READ}, {14, 26, E, REP}, {14, 27, E, READ},
	{14, 28, E, REP},

	{15, 1, E, SESS, AT(F("1", PPID))}, {15, 2, E, SESS, ACKED}, {15, 3, E, ENG, AT(F("0", OBJSPEC), F("1", ACTION))}, {15, 4, E, SESS},
	{15, 5, E, ENG, AT(F("0", OBJSPEC))}, {15, 6, E, SESS}, {15, 7, E, READ}, {15, 8, E, REP}, {15, 9, E, READ, AT(F("", PPID))},
	{15, 10, E, REP}, {15, 11, E, READ}, {15, 12, E, REP},
	{15, 13, E, ENG, AT(F("0", DATAID), F("2", PPID), F("3.*.0", ATTRID), {"4", HSMS_BODY})}, {15, 14, E, SESS},
	{15, 15, E, ENG, AT(F("0", DATAID), F("1", PPID), {"", HSMS_LONGEST})}, {15, 16, E, SESS},
	{15, 17, E, READ, AT(F("0", PPID))}, {15, 18, E, REP, AT({"", HSMS_LONGEST})},
	{15, 19, E, ENG, AT(F("0", PPID))}, {15, 20, E, SESS}, {15, 21, E, ENG, AT(F("0", DATAID), F("1", ACTION), F("2", OBJSPEC))},
	{15, 22, E, SESS}, {15, 23, E, READ, AT(F("1", OBJSPEC))}, {15, 24, E, REP}, {15, 25, E, ENG, AT(F("0", DATAID), F("1", OBJSPEC))},
	{15, 26, E, SESS},
	{15, 27, H, ENG, AT(F("0", DATAID), F("2", PPID), F("3.*.0", ATTRID), {"4", HSMS_BODY})}, {15, 28, Q, SESS, AT(F("0", PPID))},
	{15, 29, H, READ, AT(F("0", DATAID), F("2.*", PPID))}, {15, 30, Q, REP}, {15, 31, H, READ, AT(F("", PPID))},
	{15, 32, Q, REP, AT(F("0", PPID), {"", HSMS_LONGEST})},
	{15, 33, H, CTRL, AT(F("0", DATAID), F("2.*.0", PPID))}, {15, 34, Q, SESS}, {15, 35, H, ENG, AT(F("0", DATAID), F("3.*", PPID))},
	{15, 36, Q, SESS}, {15, 49, E, ENG, AT(F("", DSNAME))}, {15, 50, E, SESS, ACKED}, {15, 51, E, ENG, AT(F("", DSNAME))},
	{15, 52, E, SESS}, {15, 53, E, SESS}, {15, 54, E, SESS},

	{16, 1, H, SESS, AT(F("0", DATAID))}, {16, 2, Q, SESS, ACKED}, {16, 3, H, CTRL, AT(F("0", DATAID), F("3.1", PPID))}, {16, 4, Q, SESS},
	{16, 5, H, CTRL, AT(F("0", DATAID), F("1", JOB), F("2", ACTION), F("3.*.0", CPNAME), F("3.*.1", CPVAL))}, {16, 6, Q, SESS, AT(F("0", JOB))},
	{16, 7, Q, REP, AT(F("1", JOB))}, {16, 8, H, SESS}, {16, 9, Q, REP, AT(F("2", JOB))}, {16, 10, H, SESS},
	{16, 11, H, CTRL, AT(F("0", DATAID), F("1", JOB), F("4.1", PPID))}, {16, 12, Q, SESS, AT(F("0", JOB))},
	{16, 13, H, CTRL, AT(F("0", DATAID), F("1.*.0", JOB))}, {16, 14, Q, SESS},
	{16, 15, H, CTRL, AT(F("0", DATAID), F("1.*.0", JOB), F("1.*.3.1", PPID))}, {16, 16, Q, SESS},
	{16, 17, H, CTRL, AT(F("*", JOB))}, {16, 18, Q, SESS}, {16, 19, H, READ}, {16, 20, Q, REP, AT(F("*.0", JOB))}, {16, 21, H, READ},
	{16, 22, Q, REP}, {16, 23, H, WRITE, AT(F("*", JOB))}, {16, 24, Q, SESS}, {16, 25, H, WRITE, AT(F("0.*", JOB))}, {16, 26, Q, SESS},
	{16, 27, H, CTRL, AT(F("0", JOB), F("1", ACTION), F("2.0", CPNAME), F("2.1", CPVAL))}, {16, 28, Q, SESS},
	{16, 29, H, WRITE}, {16, 30, Q, SESS},

	{19, 1, E, READ}, {19, 2, E, REP}, {19, 3, E, ENG, AT(F("*", PPID))}, {19, 4, E, SESS}, {19, 5, E, READ, AT(F("*", PPID))}, {19, 6, E, REP},
	{19, 7, E, READ, AT(F("*", PPID))}, {19, 8, E, REP}, {19, 9, E, ENG}, {19, 10, E, SESS}, {19, 11, E, ENG, AT({"", HSMS_LONGEST})},
	{19, 12, E, REP, AT({"", HSMS_LONGEST})}, {19, 13, E, SESS}, {19, 14, E, SESS}, {19, 15, E, READ, AT(F("0", PPID))}, {19, 16, E, REP},
	{19, 17, E, READ}, {19, 18, E, REP}, {19, 19, E, SESS}, {19, 20, E, SESS},
};

static int compare(const void *key, const void *row)
{
	const struct hsms_row *a = key, *b = row;

	return a->stream != b->stream ? (int)a->stream - (int)b->stream : (int)a->function - (int)b->function;
}

const struct hsms_row *hsms_row_find(unsigned stream, unsigned function)
{
	struct hsms_row key = {.stream = (uint8_t)stream, .function = (uint8_t)function};

	return bsearch(&key, rows, SK_ARRAY_SIZE(rows), sizeof(rows[0]), compare);
}

enum gw_act hsms_act_unknown(unsigned stream, unsigned function, enum gw_role from)
{
	(void)stream;
	if (function % 2 == 0)
		return GW_ACT_SESSION;
	return from == GW_ROLE_EQUIPMENT ? GW_ACT_REPORT : GW_ACT_CONTROL;
}
