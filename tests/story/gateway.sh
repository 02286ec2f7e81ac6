# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
#
# gateway.sh - the story's second half: a gateway in the cable of a tool, which hosts and an engineering PC reach only through it.
#
# The cable is three network namespaces: the tool (10.20.0.7, its file share 10.20.0.8), the gateway, and the fab's network with the MES and the recipe server (10.10.0.5, one
# lawful host) and an engineering PC (10.10.0.9), which is what speaks to the share. Each namespace's name stands in ROOT/netns and the gateway's pins in ROOT/pins, for ./run to take away.

box=$root/gateway
tool_ns=sk$$-tool box_ns=sk$$-box fab_ns=sk$$-fab
released=$office/recipes/released changed=$office/recipes/changed

sekisho_at_box() {
	"$build/sekisho" "$@" --root "$box"
}

# in_tool CMD..., in_fab CMD...: in that namespace. Not by ip, which would hide the BPF file system.
in_tool() { nsenter "--net=/run/netns/$tool_ns" "$@"; }
in_fab() { nsenter "--net=/run/netns/$fab_ns" "$@"; }
in_box() { nsenter "--net=/run/netns/$box_ns" "$@"; }

lay_cable() {
	local ns
	for ns in "$tool_ns" "$box_ns" "$fab_ns"; do
		echo "$ns" >>"$root/netns"
		ip netns add "$ns" && ip -n "$ns" link set lo up || return
	done
	lay_end "$tool_ns" tool 10.20.0.7/8 && lay_end "$fab_ns" fab 10.10.0.5/8 && ip -n "$fab_ns" address add 10.10.0.9/8 dev fab &&
		ip -n "$tool_ns" address add 10.20.0.8/8 dev tool && ip -n "$fab_ns" route add 10.20.0.8 dev fab src 10.10.0.9
}

# lay_end NAMESPACE NAME ADDRESS: a card with that address, its other end a port of the gateway; frames as on a cable, none put together.
lay_end() {
	ip link add name "$2" netns "$1" numrxqueues 1 numtxqueues 1 type veth peer name "port-$2" netns "$box_ns" numrxqueues 1 numtxqueues 1 &&
		ip -n "$1" address add "$3" dev "$2" && ip -n "$1" link set "$2" up && ip -n "$box_ns" link set "port-$2" up &&
		nsenter "--net=/run/netns/$1" python3 -c '
import sys
sys.path.insert(0, "tests/support")
import gateway_lab as lab
for feature in (lab.TSO, lab.GSO, lab.GRO, lab.TXCSUM, lab.RXCSUM, lab.SG):
    lab.ethtool(sys.argv[1], feature, 0)' "$2"
}

# The box is an endpoint like any other: an agent whose spool and link the gateway uses.
start_gateway() {
	local token
	mkdir -p "$box/etc/sekisho/rules" && chmod 755 "$box" &&
		cp rules/gateway/virtual-patches.rules "$box/etc/sekisho/rules/" || return
	echo 'users: {spool: "61100", link: "61101"}' >"$box/etc/sekisho/agent.yaml"
	cat >"$box/etc/sekisho/gateway.yaml" <<-END
		pairs: [{name: bay-1, a: port-tool, b: port-fab}]
		users: {link: "61101", io: "61120", engine: "61121"}
	END
	pins_of "$box" >"$root/pins"
	token=$(sekisho fleet token --org example --site kumamoto --label asset=GW-BAY-1 --json | field token pin) &&
		"$build/sekisho-agent" enrol --root "$box" --server "127.0.0.1:$(port_of link)" --token "$token" || return
	at_box agent "$build/sekisho-agent" run
	at_box gateway in_box "$build/sekisho-gateway" run
	within 15 sekisho_at_box gateway status --json
	[ $? -le 1 ]
}

# at_box NAME CMD...: stays, with the box's root.
at_box() {
	local name=box-$1
	shift
	"$@" --root "$box" >"$root/log/$name.log" 2>&1 &
}

# Where a gateway with this root pins its kernel side (gateway/main/ports.c).
pins_of() {
	python3 -c '
import sys
mark = 2166136261
for byte in sys.argv[1].encode():
    mark = (mark ^ byte) * 16777619 & 0xffffffff
print(f"/sys/fs/bpf/sekisho-gateway-{mark:08x}")' "$1"
}

# --- the tool's own traffic: a host that asks every 20 ms, for as long as the story lasts

start_traffic() {
	start tool in_tool "$build/sekisho-tool-sim" equipment --listen 10.20.0.7 --port 5000 --mdln ETCH-9 --softrev 4.2
	start tool_recipes in_tool "$build/sekisho-tool-sim" equipment --listen 10.20.0.7 --port 5001 --recipes "$root/tool-recipes" --mdln ETCH-9 --softrev 4.2
	within 5 grep -q listening "$root/log/tool.log" || return
	start mes in_fab "$build/sekisho-tool-sim" host --connect 10.20.0.7 --port 5000 --say 'S1F3 <L <U4 1>>' --repeat 100000 --pause 20ms
	within 5 grep -q S1F4 "$root/log/mes.log"
}

# Every question was answered, none late; how the machine shares its processors among the story's programs is in the figure, too.
longest_gap() {
	kill -0 "$mes_pid" && python3 - "$root/log/mes.log" <<'END'
import json, statistics, sys
said = [json.loads(line) for line in open(sys.argv[1]) if line.endswith('}\n')]
asked = [line['time'] for line in said if line.get('message') == 'S1F3'][:-1]
answers = [line for line in said if line.get('message') == 'S1F4']
times = [line['time'] for line in answers]
longest, median = max(b - a for a, b in zip(times, times[1:])), statistics.median(line['us'] for line in answers)
print(f'{len(asked)} questions, one each 20 ms, all answered: {median:.0f} microseconds in the middle, at most {longest} ms between two answers')
sys.exit(len(answers) < len(asked) or len(asked) < 100 or longest > 1000)
END
}

# --- the policy: who may say what, and which process programs are released. The tool's talk goes on when the gateway fails; recipes and files then wait.

make_recipes() {
	mkdir -p "$office/recipes" "$root/tool-recipes" &&
		printf 'OXIDE 7\nstep 1: CF4 40 sccm, 30 mTorr, 600 W, 45 s\n' >"$released" &&
		sed 's/600 W/900 W/' "$released" >"$changed"
}

write_gateway_policy() {
	cat >"$office/gateway.yaml" <<-END
		part: gateway
		serial: 1
		labels: {asset: [GW-BAY-1]}
		gateway:
		  zones:
		    - {name: tools, addresses: [10.20.0.0/24]}
		    - {name: hosts, addresses: [10.10.0.5]}
		    - {name: engineering, addresses: [10.10.0.9]}
		  assets:
		    - {name: ETCH-07, address: 10.20.0.7, type: ETCH-9}
		  conduits:
		    - name: talk
		      from: hosts
		      to: tools
		      ports: [tcp/5000]
		      protocols: [hsms]
		      action: inspect
		      mode: enforce
		      lines: [host may read, equipment may report]
		    - name: recipes
		      from: hosts
		      to: tools
		      ports: [tcp/5001]
		      protocols: [hsms]
		      action: inspect
		      mode: enforce
		      failure: closed
		      answer: native
		      lines: [S7F3 only recipe released]
		    - name: files
		      from: engineering
		      to: tools
		      ports: [tcp/445]
		      protocols: [smb]
		      action: inspect
		      mode: enforce
		      failure: closed
		      answer: reset
		      lines: [host may anything]
		  otherwise: {action: drop, mode: enforce}
		  rules: [virtual-patches.rules]
		  recipes:
		    - {type: ETCH-9, ppid: OXIDE-7, sha256: $(sha256sum <"$released" | cut -d' ' -f1)}
	END
}

publish_gateway_policy() {
	make_recipes && write_gateway_policy &&
		sekisho policy sign "$office/gateway.yaml" --key "$keys/policy" --delegation "$keys/policy.delegation" --out "$office/gateway.json" &&
		sekisho fleet publish "$office/gateway.json" && within 20 gateway_enforces
}

gateway_enforces() {
	sekisho_at_box gateway status --json | python3 -c '
import json, sys
status = json.load(sys.stdin)
sys.exit(not (status["mode"] == "enforce" and status["policy"]["serial"] == 1 and status["policy"]["engine_has_it"]))'
}

# send_recipe FILE: what the recipe server does; prints the ACKC7 that came back, the tool's own or the gateway's in its place.
send_recipe() {
	in_fab timeout 20 "$build/sekisho-tool-sim" host --connect 10.20.0.7 --port 5001 --say "S7F3 OXIDE-7 $1" | python3 -c '
import json, sys
said = [json.loads(line) for line in sys.stdin]
print(*[line.get("body") for line in said if line.get("message") == "S7F4" and line["what"] == "received"] or ["no answer"])'
}

recipe_is_taken() {
	[ "$(send_recipe "$released")" = '<B 0x00>' ] && cmp "$released" "$root/tool-recipes/OXIDE-7"
}

recipe_is_refused() {
	local answer
	answer=$(send_recipe "$changed")
	echo "the recipe server was told: S7F4 $answer"
	sekisho_at_box gateway explain
	[ "$answer" != '<B 0x00>' ] && [ "$answer" != 'no answer' ] && cmp "$released" "$root/tool-recipes/OXIDE-7"
}

listen_for_files() {
	start share in_tool tests/story/intruder --victim 10.20.0.8
	within 5 grep -q listening "$root/log/share.log"
}

exploit_is_stopped() {
	in_fab tests/story/intruder 10.20.0.8
	[ $? = 1 ] && within 8 grep '"reached": false' "$root/log/share.log"
}

tell_of_gateway() {
	step "a gateway is put into a tool's cable: a Linux box, enrolled like any endpoint" lay_cable
	step "it starts, and without a policy it is a cable" start_gateway
	step "the tool and its host talk through it" start_traffic
	step "zones, conduits and released recipes are signed, published and enforced" publish_gateway_policy
	step "the recipe server sends the released recipe, and the tool takes it" recipe_is_taken
	step "compromised, it sends another one: the gateway answers in the tool's place, and the console shows it" seen_on_console S7F3 recipe_is_refused
	step "a share of the tool waits for files" listen_for_files
	step "an infected engineering PC tries EternalBlue: it does not reach the tool, and the console shows it" seen_on_console EternalBlue exploit_is_stopped
	step "the tool's own traffic has had no gap" longest_gap
}
