#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# check: timeout=120
#
# sekisho lockdown exec as people call it: what is refused is first shown to work without it; a compiler, an interpreter and a just-in-time
# compiler do their work under it; exit codes, --json and both languages. Each single restraint is lib/os/test-restrain.c's.

. "$(dirname "$0")/../support/tap.sh"
sekisho=$build/sekisho
export LC_ALL=C
cd "$tmp" || exit 1

held() {
	"$sekisho" lockdown exec "$@"
}

# attack NAME EXPECTED PROGRAM...: works without, fails under restraints, fails in a grandchild
attack() {
	local name=$1
	shift
	exits 0 "$name: works without restraints" "$@"
	exits 1 "$name: refused under them" held -- "$@"
	# shellcheck disable=SC2016
	exits 1 "$name: refused in a grandchild" held -- sh -c 'sh -c "\"\$0\" \"\$@\"" "$0" "$@"; exit $?' "$@"
}

cat >memfd.py <<'EOF'
import os, sys
try:
    fd = os.memfd_create('x', 0)
    os.write(fd, open('/bin/true', 'rb').read())
    pid = os.fork()
    if pid == 0:
        try:
            os.execve(fd, ['x'], {})
        except OSError:
            os._exit(1)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
except OSError:
    sys.exit(1)
EOF
cat >memory.py <<'EOF'
import mmap, sys
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except OSError:
    sys.exit(1)
EOF
cat >own.py <<'EOF'
import sys
code = next(line for line in open('/proc/self/maps') if ' r-xp ' in line and 'python' in line)
try:
    with open('/proc/self/mem', 'r+b', buffering=0) as memory:
        memory.seek(int(code.split('-')[0], 16))
        word = memory.read(4)
        memory.seek(-4, 1)
        memory.write(word)
except OSError:
    sys.exit(1)
EOF
attack "a program in a memfd" python3 memfd.py
attack "writable and executable memory" python3 memory.py
attack "one's own code through /proc" python3 own.py
cp /bin/true copy
chmod 755 copy
is "a program copied to a writable place: runs without restraints" "$(./copy; echo $?)" 0
exits 3 "and not under them" held -- ./copy
exits 126 "nor as a child" held -- sh -c ./copy
exits 0 "but with --place" held --place "$tmp" -- ./copy
exits 0 "and with --allow execution" held --allow execution -- ./copy
if [ "$(id -u)" = 0 ]; then
	attack "a user namespace" sh -c 'unshare --user true 2>/dev/null || exit 1'
	exits 0 "a mount in a namespace of its own works" unshare --mount mount -t tmpfs none /mnt
	fails "and is refused under restraints" held -- unshare --mount mount -t tmpfs none /mnt
	exits 0 "but with --allow mounts" held --allow mounts -- unshare --mount mount -t tmpfs none /mnt
fi

# Lawful twins.
cat >hello.c <<'EOF'
#include <stdio.h>
int main(void) { return puts("hello") < 0; }
EOF
exits 0 "a compiler compiles and links" held -- cc -O2 -o hello hello.c
is "what it made runs where it may" "$(held --place "$tmp" -- ./hello)" hello
is "an interpreter works" "$(held -- python3 -c 'import hashlib, json, subprocess, threading; t = threading.Thread(); t.start(); print(subprocess.run(["true"]).returncode)')" 0
fails "a just-in-time compiler does not work" held -- node -e 'let s = 0; for (let i = 0; i < 1e6; i++) s += i; console.log(s)'
is "with --jit it does" "$(held --jit -- node -e 'let s = 0; for (let i = 0; i < 1e6; i++) s += i; console.log(s)')" 499999500000
exits 1 "--jit leaves the others on" held --jit -- python3 memfd.py
exits 0 "--jit leaves memory to the program" held --jit -- python3 memory.py
exits 0 "--allow leaves one off" held --allow memfd -- python3 memfd.py
is "pipes and exit codes pass" "$(echo word | held -- sh -c 'cat; exit 7'; echo $?)" $'word\n7'
many=$(seq 600)
# shellcheck disable=SC2086
is "so do many words" "$(held -- sh -c 'echo $#' sh $many)" 600
is "and words like options" "$(held -- echo --jit --json)" "--jit --json"

# The call itself.
exits 2 "without a program it is a wrong call" held
exits 2 "an unknown restraint is a wrong call" held --allow everything -- true
exits 3 "a program that is not there" held -- no-such-program
like "is named in the error" "$(held --json -- no-such-program 2>/dev/null)" '"exit":3.*no-such-program'
like "--list names all of them" "$(held --list | cut -d' ' -f1 | tr '\n' ' ')" '^mdwe memory personality trace proc-mem memfd modules kexec bpf userfaultfd io-uring namespaces mounts execution $'
is "--list --json says what is put on" "$(held --list --json --jit | python3 -c 'import json, sys; v = {r["name"]: r for r in json.load(sys.stdin)}; print(v["mdwe"]["put_on"], v["trace"]["put_on"] == v["trace"]["here"], len(v))')" "False True 14"
like "in Japanese" "$(LC_ALL=ja_JP.UTF-8 "$sekisho" lockdown exec --list)" '実行可能な memfd'
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$tmp"
	user() {
		setpriv --reuid 61100 --regid 61100 --clear-groups "$@"
	}
	exits 3 "not root: refused without --no-new-privs" user "$sekisho" lockdown exec -- true
	exits 0 "not root: works with it" user "$sekisho" lockdown exec --no-new-privs -- true
	exits 1 "and holds" user "$sekisho" lockdown exec --no-new-privs -- python3 "$tmp/memory.py"
	is "root keeps its setuid programs" "$(held -- grep NoNewPrivs /proc/self/status | tr -d '\t')" "NoNewPrivs:0"
fi
finish
