#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# user: 1000
# seconds: 100
# A desktop session of an ordinary user: X server, session bus, window manager, panel, terminal, GTK and Qt programs, and Chromium with a page that
# computes in JavaScript and WebAssembly.
set -u
export DISPLAY=:7 HOME=/var/lawful XDG_RUNTIME_DIR=/run/lawful LC_ALL=C.UTF-8
rm -f /tmp/.X7-lock /tmp/.X11-unix/X7
mkdir -p "$XDG_RUNTIME_DIR" "$HOME/.config" && chmod 700 "$XDG_RUNTIME_DIR"
# -noreset: a server that begins anew when the first asker has gone refuses who comes at that moment
Xvfb :7 -screen 0 1280x960x24 -nolisten tcp -noreset >/run/lawful/x.log 2>&1 &

until_seen() { # PATTERN TENTHS: a window with that title
	tries=$2
	while ! xwininfo -root -tree 2>/dev/null | grep -q "$1"; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { echo "no window $1"; xwininfo -root -tree | sed -n 's/^ *0x/0x/p' | head -n 20; return 1; }
		sleep 0.1
	done
	echo "window: $1"
}

tries=100
until xdpyinfo >/dev/null 2>&1; do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || { echo 'no X server'; cat /run/lawful/x.log; exit 1; }
	sleep 0.1
done
eval "$(dbus-launch --sh-syntax)"
openbox >/run/lawful/openbox.log 2>&1 &
xfce4-panel --disable-wm-check >/run/lawful/panel.log 2>&1 &
xterm -T 'a terminal' -e /opt/lawful/idle.sh &
gtk3-demo >/run/lawful/gtk.log 2>&1 &
qterminal -e /opt/lawful/idle.sh >/run/lawful/qt.log 2>&1 &
chromium --no-first-run --disable-gpu --password-store=basic --user-data-dir="$HOME/.config/browser" file:///opt/lawful/page.html >/run/lawful/browser.log 2>&1 &
bad=0
until_seen 'a terminal' 200 || bad=1
until_seen 'xfce4-panel' 200 || { tail -n 5 /run/lawful/panel.log; bad=1; }
until_seen '[Gg][Tt][Kk].*[Dd]emo' 200 || { tail -n 5 /run/lawful/gtk.log; bad=1; }
until_seen 'qterminal' 200 || { tail -n 5 /run/lawful/qt.log; bad=1; }
until_seen 'answers 42 and 5050' 500 || { tail -n 15 /run/lawful/browser.log; bad=1; }
[ $bad = 0 ] && echo 'the session stands'
exit $bad
