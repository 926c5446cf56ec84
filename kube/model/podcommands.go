package model

import (
	"math"
	"strconv"
	"time"
)

// The commands that are run in Pods, once a person has agreed.

// DialScript tries addresses from inside a container: `sh -c DialScript svctui SCHEME SECONDS ADDRESS…`. It needs a POSIX shell and one of curl,
// wget, bash, nc, python3, in BusyBox's versions too, and prints one line for each try:
//
//	svctui ADDRESS TOOL EXITCODE BEGAN ENDED WORDS…
//
// An address is HOST:PORT/PATH. BEGAN and ENDED are in seconds, as in /proc/uptime: every shell can read that, and not every `date` knows
// more than seconds; where there is no such file they are "-". The tries run beside each other. A connection is given three seconds, an answer SECONDS, and each
// ends within one more, whatever its tool does by itself: one that was stopped has the exit code 143. Words of several lines are joined, so that no server can make a line up.
const DialScript = `export LC_ALL=C; unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY; set -f; s=$1 w=$2; shift 2
has() { command -v "$1" >/dev/null 2>&1; }
now() { { read -r t _ </proc/uptime; } 2>/dev/null || t=-; }
try() { now; b=$t; o=$("$@" </dev/null 2>&1 & p=$!; { sleep $((w+1)) && kill $p; } >/dev/null 2>&1 & wait $p; r=$?; kill $! 2>/dev/null; exit $r)
c=$?; now; printf 'svctui %s %s %s %s %s %.3000s\n' "$a" "$1" $c $b $t "$(printf '%s ' $o)"; return $c; }
dial() { u=${a%%/*}; h=${u%:*}; p=${u##*:}; h=${h#\[}; h=${h%\]}
case $s in http*) if has curl; then try curl -qgskv --connect-timeout 3 -m $w --limit-rate 9k -o /dev/null "$s://$a"; return
elif has wget && try wget --no-check-certificate --spider "$s://$a"; then return; fi;; esac
if has bash; then try bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$h" "$p"
elif has nc; then try nc -vzw 3 "$h" "$p"; case $o in *sage*) try nc -w 3 "$h" "$p";; esac
elif has python3; then try python3 -c 'import socket,sys; socket.create_connection(sys.argv[1:],3)' "$h" "$p"
elif has curl; then try curl -qgsv -m 3 "telnet://$u"
else printf 'svctui %s none 0 - - \n' "$a"; fi; }
for a; do dial & done; wait`

// DialCommand is the whole command for addresses. An answer is given within, in whole seconds, and three at least, which a connection takes.
func DialCommand(scheme string, within time.Duration, addresses []string) []string {
	seconds := max(int(math.Ceil(within.Seconds())), 3)
	return append([]string{"sh", "-c", DialScript, "svctui", scheme, strconv.Itoa(seconds)}, addresses...)
}

// ParseDialCommand tells whether a command is DialCommand's, which scheme and addresses it tries, and how long it waits. A simulated cluster
// understands no other.
func ParseDialCommand(command []string) (scheme string, within time.Duration, addresses []string, ok bool) {
	if len(command) < 7 || command[0] != "sh" || command[1] != "-c" || command[2] != DialScript || command[3] != "svctui" {
		return "", 0, nil, false
	}
	seconds, err := strconv.Atoi(command[5])
	return command[4], time.Duration(seconds) * time.Second, command[6:], err == nil
}

// SocketsCommand reads the kernel's tables of TCP sockets, of both families.
func SocketsCommand() []string { return []string{"cat", "/proc/net/tcp", "/proc/net/tcp6"} }
