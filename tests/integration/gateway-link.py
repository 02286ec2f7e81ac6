#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# check: root timeout=120
#
# A gateway beside an agent on one machine: one identity, one spool, one link. A policy that the server publishes reaches the gateway, its state, health and events reach the
# server, a gateway that is started later is found, and one that is killed does not take the link away.
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'support'))
import server as s  # noqa: E402

tap = s.Tap()


def main():
    signal.alarm(110)
    with s.Server() as server:
        box, started = server.top / 'box', []
        (box / 'etc/sekisho').mkdir(parents=True)
        box.chmod(0o755)
        (box / 'etc/sekisho/agent.yaml').write_text(f'link: {{retry_max: 500ms}}\nusers: {{spool: "{s.USERS["spool"]}", link: "{s.USERS["link"]}"}}\n')
        (box / 'etc/sekisho/gateway.yaml').write_text(f'users: {{link: "{s.USERS["link"]}", io: "61120", engine: "61121"}}\n')

        def start(*words):
            process = subprocess.Popen([str(s.BUILD / words[0]), *map(str, words[1:])], stdout=server.log, stderr=server.log, env=dict(os.environ, SEKISHO_LOG='notice'))
            started.append(process)
            return process

        def ask(*words):
            said = subprocess.run([str(s.BUILD / 'sekisho'), 'gateway', *words, '--json', '--root', str(box)], capture_output=True, text=True, timeout=20)
            return json.loads(said.stdout) if said.returncode in (0, 1) and said.stdout.startswith('{"') and '"mode"' in said.stdout else {}

        def agent():
            return json.loads(server.sekisho('fleet', 'list', '--json'))['agents'][0]

        def publish(serial, mode, address='10.0.0.1'):
            draft, out = server.top / f'{serial}.yaml', server.top / f'{serial}.skp'
            draft.write_text(f'part: gateway\nserial: {serial}\ngateway:\n  zones:\n    - {{name: tools, addresses: [{address}]}}\n  otherwise: {{action: drop, mode: {mode}}}\n')
            server.sekisho('policy', 'sign', '--key', server.top / 'site.key', '--out', out, draft)
            server.sekisho('fleet', 'publish', out)

        try:
            server.start()
            token = server.token()
            said = subprocess.run([str(s.BUILD / 'sekisho-agent'), 'enrol', '--root', str(box), '--server', f'127.0.0.1:{server.port}', '--token',
                                   f'{token["token"]}.{server.pin}'], capture_output=True, text=True, timeout=30)
            tap.ok(said.returncode == 0, 'the machine is enrolled once, for agent and gateway', said)
            gateway = start('sekisho-gateway', 'run', '--root', box)
            tap.ok(s.until(15, lambda: ask('status')), 'the gateway starts', server.log_path.read_text()[-1500:])
            start('link-agent', box)
            publish(1, 'enforce')
            tap.ok(s.until(20, lambda: ask('status').get('policy', {}).get('serial') == 1), 'a published policy comes into force in the gateway',
                   server.log_path.read_text()[-2500:])
            tap.ok(s.until(20, lambda: (agent().get('gateway_policy') or {}).get('state') == 'enforced'), 'and the server knows its state', agent())
            tap.ok(s.until(20, lambda: (agent().get('health') or {}).get('gateway', {}).get('mode') == 'enforce'), 'and its health', agent())
            tap.ok(s.until(20, lambda: ask('status')['events']['waiting'] == 0 and ask('status')['events']['spool']), 'its events are in the spool', ask('status'))
            tap.ok(s.until(20, lambda: 'policy_enforced' in server.sekisho('events', '--json', check=False)), 'and in the store', server.said[-1500:])
            os.kill(ask('status')['processes']['clerk'], signal.SIGKILL)
            publish(2, 'shadow')
            tap.ok(s.until(25, lambda: ask('status').get('policy', {}).get('serial') == 2), 'a clerk that was killed hears of the next one', server.log_path.read_text()[-2500:])
            tap.ok(s.until(20, lambda: (agent().get('gateway_policy') or {}).get('state') == 'shadow'), 'and says so', agent())
            policies = json.loads(server.sekisho('fleet', 'policies', '--json'))['policies']
            tap.ok({(p['part'], p['serial'], p['mode']) for p in policies} == {('gateway', 1, 'enforce'), ('gateway', 2, 'shadow')}, 'the fleet lists them with their part', policies)
            gateway.send_signal(signal.SIGTERM)
            tap.ok(gateway.wait(15) == 0, 'the gateway stops in order')
        finally:
            for process in started:
                if process.poll() is None:
                    process.terminate()
                    try:
                        process.wait(10)
                    except subprocess.TimeoutExpired:
                        process.kill()
                        process.wait()
    return tap.done()


sys.exit(main())
