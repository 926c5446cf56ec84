package isolation

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/kube/model"
)

// The script as it stands, with each shell and tool that this machine has, against servers of its own.
func TestDialScript(t *testing.T) {
	listen := func() net.Listener {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		return listener
	}
	web, closing, silent, gone := listen(), listen(), listen(), listen()
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	})}
	go func() { _ = server.Serve(web) }()
	t.Cleanup(func() { _ = server.Close() })
	accept := func(listener net.Listener, serve func(net.Conn)) {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}
	go accept(closing, func(conn net.Conn) { _ = conn.Close() })
	go accept(silent, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	_ = gone.Close()

	address := func(listener net.Listener) string { return listener.Addr().String() + "/healthz?a=b&c" }
	const noName = "nosuch.invalid:80/"
	tried := 0
	for _, shell := range []string{"dash", "bash", "busybox", "ksh", "mksh"} {
		interpreter, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		for _, tool := range []string{"curl", "wget", "bash", "nc", "python3", "busybox", "none"} {
			program, err := exec.LookPath(tool)
			if err != nil && tool != "none" || shell == "busybox" && tool != "busybox" {
				continue // BusyBox's shell finds its own tools whatever the path is
			}
			for _, scheme := range []string{schemeHTTP, schemeTCP} {
				t.Run(shell+" "+tool+" "+scheme, func(t *testing.T) {
					t.Parallel()
					path := t.TempDir()
					link := func(target, name string) {
						if err := os.Symlink(target, filepath.Join(path, name)); err != nil {
							t.Fatal(err)
						}
					}
					sleep, err := exec.LookPath("sleep")
					if err != nil {
						t.Skip(err)
					}
					link(sleep, "sleep")
					switch tool {
					case "none":
					case "busybox":
						link(program, "wget")
						link(program, "nc")
					case "python3":
						// What is found first may be a script that looks for the right one.
						interpreter, err := exec.Command(program, "-c", "import sys; print(sys.executable)").Output()
						if err != nil {
							t.Skip(err)
						}
						link(strings.TrimSpace(string(interpreter)), tool)
					default:
						link(program, tool)
					}
					addresses := []string{address(web), address(closing), address(gone), noName}
					if tool == "busybox" && scheme == schemeHTTP || tool == "curl" {
						addresses = append(addresses, address(silent))
					}
					ctx, cancel := context.WithTimeout(context.Background(), execPatience)
					defer cancel()
					arguments := model.DialCommand(scheme, 3*time.Second, addresses)
					if tool == "curl" || tool == "wget" || tool == "busybox" {
						arguments[2] = hasty(t, arguments[2])
					}
					command := exec.CommandContext(ctx, interpreter, arguments[1:]...)
					if shell == "busybox" {
						command = exec.CommandContext(ctx, interpreter, arguments...)
					}
					command.Env = []string{"PATH=" + path, "http_proxy=http://192.0.2.1:3128"}
					output, err := command.Output()
					if err != nil {
						t.Fatalf("%v\n%s", err, output)
					}
					read := readDials(string(output), addresses)
					told := func(at string) string {
						if read[at].unresolved {
							return "unresolved"
						}
						return string(read[at].outcome)
					}
					want := map[string]string{address(web): "ok", address(closing): "ok", address(silent): "ok", address(gone): "refused", noName: "unresolved"}
					onlyHTTP := tool == "wget"
					if tool == "none" || onlyHTTP && scheme == schemeTCP {
						want = map[string]string{address(web): "error", address(closing): "error", address(silent): "error", address(gone): "error", noName: "error"}
					}
					_, noClock := os.Stat("/proc/uptime")
					for _, at := range addresses {
						if told := read[at]; (told.took != 0) != (noClock == nil && told.rank > toldNoTool) {
							t.Errorf("%s took %s: %+v", at, told.took, told)
						}
						if got := told(at); got != want[at] {
							t.Errorf("%s: got %s, want %s: %+v", at, got, want[at], read[at])
						}
					}
					if t.Failed() {
						t.Logf("%s", output)
					}
					if scheme == schemeHTTP && tool == "curl" && read[address(web)].detail != "HTTP 418" {
						t.Errorf("got %q", read[address(web)].detail)
					}
				})
				tried++
			}
		}
	}
	if tried == 0 {
		t.Skip("no shell here")
	}
}

// hasty is the script with shorter waits, for those tools that have something to wait for: what they dial is on this machine.
func hasty(t *testing.T, script string) string {
	t.Helper()
	for _, wait := range [][2]string{{"sleep $((w+1))", "sleep 1"}, {"-m 3", "-m 1"}, {"-m $w", "-m 1"}} {
		if !strings.Contains(script, wait[0]) {
			t.Fatalf("%q is not in the script", wait[0])
		}
		script = strings.ReplaceAll(script, wait[0], wait[1])
	}
	return script
}
