// SPDX-License-Identifier: GPL-3.0-or-later
/* Interfaces of Windows and what their operations do to the machine ([MS-SCMR], [MS-TSCH], [MS-NRPC], [MS-RPRN], [MS-PAR], [MS-SRVS], [MS-RRP] and others). */
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "proto/dcerpc/rpc.h"

#define R GW_ACT_READ
#define W GW_ACT_WRITE
#define C GW_ACT_CONTROL
#define E GW_ACT_ENGINEER
#define S GW_ACT_SESSION

static const struct rpc_operation svcctl[] = {{0, "svcctl-close", S}, {1, "svcctl-control-service", C}, {2, "svcctl-delete-service", E}, {6, "svcctl-query-status", R},
	{11, "svcctl-change-config", E}, {12, "svcctl-create-service", E}, {13, "svcctl-enum-dependents", R}, {14, "svcctl-enum-services", R}, {15, "svcctl-open-manager", S},
	{16, "svcctl-open-service", S}, {17, "svcctl-query-config", R}, {19, "svcctl-start-service", C}, {23, "svcctl-change-config", E}, {24, "svcctl-create-service", E},
	{27, "svcctl-open-manager", S}, {28, "svcctl-open-service", S}, {31, "svcctl-start-service", C}, {36, "svcctl-change-config", E}, {37, "svcctl-change-config", E},
	{42, "svcctl-enum-services", R}, {44, "svcctl-create-service", E}, {45, "svcctl-create-service", E}, {60, "svcctl-create-service", E}, {0, NULL}};
static const struct rpc_operation atsvc[] = {{0, "atsvc-job-add", E}, {1, "atsvc-job-delete", E}, {2, "atsvc-job-enum", R}, {3, "atsvc-job-info", R}, {0, NULL}};
static const struct rpc_operation tsch[] = {{1, "tsch-register-task", E}, {2, "tsch-read-task", R}, {3, "tsch-create-folder", E}, {4, "tsch-set-security", E},
	{6, "tsch-enum-folders", R}, {7, "tsch-enum-tasks", R}, {12, "tsch-run-task", C}, {13, "tsch-delete-task", E}, {14, "tsch-rename-task", E}, {19, "tsch-enable-task", C}, {0, NULL}};
static const struct rpc_operation sasec[] = {{0, "sasec-set-account", E}, {1, "sasec-set-account", E}, {0, NULL}};
static const struct rpc_operation netlogon[] = {{2, "netlogon-sam-logon", S}, {4, "netlogon-request-challenge", S}, {5, "netlogon-authenticate", S},
	{6, "netlogon-password-set", E}, {15, "netlogon-authenticate", S}, {26, "netlogon-authenticate", S}, {30, "netlogon-password-set", E}, {0, NULL}};
static const struct rpc_operation srvsvc[] = {{8, "srvsvc-connection-enum", R}, {9, "srvsvc-file-enum", R}, {12, "srvsvc-session-enum", R}, {14, "srvsvc-share-add", E},
	{15, "srvsvc-share-enum", R}, {16, "srvsvc-share-info", R}, {17, "srvsvc-share-set", E}, {18, "srvsvc-share-delete", E}, {21, "srvsvc-server-info", R},
	{22, "srvsvc-server-set", E}, {30, "srvsvc-path-type", R}, {31, "srvsvc-path-canonicalize", R}, {32, "srvsvc-path-compare", R}, {0, NULL}};
static const struct rpc_operation spoolss[] = {{0, "spoolss-enum-printers", R}, {1, "spoolss-open-printer", S}, {5, "spoolss-add-printer", E}, {9, "spoolss-add-driver", E},
	{17, "spoolss-start-document", C}, {26, "spoolss-get-data", R}, {65, "spoolss-change-notify", C}, {69, "spoolss-open-printer", S}, {70, "spoolss-add-printer", E},
	{77, "spoolss-set-data", W}, {89, "spoolss-add-driver", E}, {0, NULL}};
static const struct rpc_operation par[] = {{0, "spoolss-open-printer", S}, {1, "spoolss-add-printer", E}, {10, "spoolss-start-document", C}, {39, "spoolss-add-driver", E},
	{62, "spoolss-add-driver", E}, {0, NULL}};
static const struct rpc_operation winreg[] = {{0, "winreg-open", S}, {1, "winreg-open", S}, {2, "winreg-open", S}, {5, "winreg-close", S}, {6, "winreg-create-key", E},
	{7, "winreg-delete-key", E}, {8, "winreg-delete-value", E}, {9, "winreg-enum", R}, {10, "winreg-enum", R}, {13, "winreg-load-key", E}, {15, "winreg-open", S},
	{16, "winreg-query", R}, {17, "winreg-query", R}, {18, "winreg-replace-key", E}, {19, "winreg-restore-key", E}, {20, "winreg-save-key", R}, {21, "winreg-set-security", E},
	{22, "winreg-set-value", E}, {24, "winreg-shutdown", C}, {31, "winreg-save-key", R}, {0, NULL}};
static const struct rpc_operation samr[] = {{1, "samr-close", S}, {6, "samr-enum-domains", R}, {8, "samr-query-domain", R}, {12, "samr-create-user", E}, {13, "samr-enum-users", R},
	{14, "samr-create-alias", E}, {31, "samr-add-to-alias", E}, {35, "samr-delete-user", E}, {37, "samr-set-user", E}, {50, "samr-create-user", E}, {55, "samr-change-password", E},
	{58, "samr-set-user", E}, {64, "samr-connect", S}, {0, NULL}};
static const struct rpc_operation lsarpc[] = {{6, "lsarpc-open-policy", S}, {7, "lsarpc-query-policy", R}, {14, "lsarpc-lookup-names", R}, {15, "lsarpc-lookup-sids", R},
	{37, "lsarpc-add-rights", E}, {44, "lsarpc-open-policy", S}, {46, "lsarpc-query-policy", R}, {57, "lsarpc-lookup-sids", R}, {0, NULL}};
static const struct rpc_operation drsuapi[] = {{0, "drsuapi-bind", S}, {3, "drsuapi-get-changes", E}, {12, "drsuapi-crack-names", R}, {0, NULL}};
static const struct rpc_operation epm[] = {{2, "epm-lookup", R}, {3, "epm-map", R}, {0, NULL}};
static const struct rpc_operation activator[] = {{3, "dcom-get-class", C}, {4, "dcom-create-instance", C}, {0, NULL}};
static const struct rpc_operation oxid[] = {{0, "dcom-resolve", S}, {1, "dcom-ping", S}, {2, "dcom-ping", S}, {3, "dcom-alive", S}, {4, "dcom-resolve", S}, {5, "dcom-alive", S}, {0, NULL}};
static const struct rpc_operation wmi[] = {{6, "wmi-get-object", R}, {8, "wmi-put-class", E}, {14, "wmi-put-instance", E}, {20, "wmi-query", R}, {24, "wmi-exec-method", E}, {0, NULL}};
static const struct rpc_operation wkssvc[] = {{0, "wkssvc-info", R}, {2, "wkssvc-users", R}, {22, "wkssvc-join-domain", E}, {0, NULL}};
static const struct rpc_operation efsrpc[] = {{0, "efsrpc-open", C}, {4, "efsrpc-encrypt", C}, {5, "efsrpc-decrypt", C}, {0, NULL}};
static const struct rpc_operation eventlog[] = {{0, "eventlog-clear", E}, {7, "eventlog-open", S}, {10, "eventlog-read", R}, {0, NULL}};
static const struct rpc_operation mgmt[] = {{0, "mgmt-interfaces", R}, {2, "mgmt-listening", R}, {4, "mgmt-principal", R}, {0, NULL}};
static const struct rpc_operation shutdown[] = {{0, "shutdown", C}, {1, "shutdown-abort", C}, {2, "shutdown", C}, {0, NULL}};

static const struct rpc_service services[] = {
	{"367abb81-9844-35f1-ad32-98f038001003", "svcctl", svcctl}, {"1ff70682-0a51-30e8-076d-740be8cee98b", "atsvc", atsvc},
	{"86d35949-83c9-4044-b424-db363231fd0c", "tsch", tsch}, {"378e52b0-c0a9-11cf-822d-00aa0051e40f", "sasec", sasec},
	{"12345678-1234-abcd-ef00-01234567cffb", "netlogon", netlogon}, {"4b324fc8-1670-01d3-1278-5a47bf6ee188", "srvsvc", srvsvc},
	{"12345678-1234-abcd-ef00-0123456789ab", "spoolss", spoolss}, {"76f03f96-cdfd-44fc-a22c-64950a001209", "par", par},
	{"338cd001-2244-31f1-aaaa-900038001003", "winreg", winreg}, {"12345778-1234-abcd-ef00-0123456789ac", "samr", samr},
	{"12345778-1234-abcd-ef00-0123456789ab", "lsarpc", lsarpc}, {"e3514235-4b06-11d1-ab04-00c04fc2dcd2", "drsuapi", drsuapi},
	{"e1af8308-5d1f-11c9-91a4-08002b14a0fa", "epm", epm}, {"4d9f4ab8-7d1c-11cf-861e-0020af6e7c57", "activation", activator},
	{"000001a0-0000-0000-c000-000000000046", "activator", activator}, {"99fcfec4-5260-101b-bbcb-00aa0021347a", "oxid", oxid},
	{"9556dc99-828c-11cf-a37e-00aa003240c7", "wmi", wmi}, {"6bffd098-a112-3610-9833-46c3f87e345a", "wkssvc", wkssvc},
	{"c681d488-d850-11d0-8c52-00c04fd90f7e", "efsrpc", efsrpc}, {"df1941c5-fe89-4e79-bf10-463657acf44d", "efsrpc", efsrpc},
	{"82273fdc-e32a-18c3-3f78-827929dc23ea", "eventlog", eventlog}, {"afa8bd80-7d8a-11c9-bef4-08002b102989", "mgmt", mgmt},
	{"894de0c0-0d55-11d3-a322-00c04fa321a1", "initshutdown", shutdown}, {NULL}};

const struct rpc_service *rpc_service_find(const char *uuid)
{
	for (const struct rpc_service *s = services; s->uuid; s++)
		if (strcmp(s->uuid, uuid) == 0)
			return s;
	return NULL;
}

const struct rpc_operation *rpc_operation_find(const struct rpc_service *service, uint16_t opnum)
{
	for (const struct rpc_operation *o = service ? service->operations : NULL; o && o->name; o++)
		if (o->opnum == opnum)
			return o;
	return NULL;
}

bool rpc_pipe_known(const char *name)
{
	static const char *const pipes[] = {"svcctl", "atsvc", "netlogon", "srvsvc", "spoolss", "winreg", "samr", "lsarpc", "lsass", "wkssvc", "browser", "epmapper", "efsrpc",
		"eventlog", "initshutdown", "ntsvcs", "trkwks", "router", "scerpc", "protected_storage", "keysvc"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(pipes); i++)
		if (strcasecmp(pipes[i], name) == 0)
			return true;
	return false;
}
