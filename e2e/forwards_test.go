package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
	"github.com/svctui/svctui/e2e/terminal"
)

// onRow is svctui on a namespace, with the cursor on one of its Services.
func onRow(t testing.TB, c *harness.Cluster, namespace, service string) *terminal.Terminal {
	t.Helper()
	screen := c.Terminal(t, 120, 40, "-n", namespace)
	selectRow(t, screen, service)
	return screen
}

// forwardByKeys opens a forward from the row under the cursor to what the dialog offers under the given name, at a
// local port that is free, and returns its local address.
func forwardByKeys(t testing.TB, screen *terminal.Terminal, target string) string {
	t.Helper()
	fillForward(t, screen, target, "")
	screen.Send(terminal.Enter)
	screen.WaitFor("→ "+target+"; f lists", 20*time.Second)
	screen.Send("f")
	screen.WaitFor("LOCAL", 10*time.Second)
	kind, _, _ := strings.Cut(target, "/")
	_, port, _ := strings.Cut(target, ":")
	local := regexp.MustCompile(kind + `/\S+:` + port + `\s+.*?(127\.0\.0\.1:\d+)`) // names may be shortened
	shown := screen.WaitUntil("the forward's row", 10*time.Second, local.MatchString)
	address := local.FindStringSubmatch(shown)[1]
	pressEsc(screen, "HEALTH")
	return address
}

// fillForward fills the dialog in, up to the last Enter.
func fillForward(t testing.TB, screen *terminal.Terminal, target, localPort string) {
	t.Helper()
	screen.Send("F")
	screen.WaitFor("local port", 10*time.Second)
	screen.WaitFor(target, 10*time.Second)
	screen.Send(target)
	screen.WaitFor("▌ "+target, 10*time.Second)
	screen.Send(terminal.Tab)
	screen.WaitFor("empty takes a free one", 10*time.Second)
	screen.Send(terminal.CtrlU)
	screen.WaitUntil("the local port to be empty", 10*time.Second, func(string) bool {
		return regexp.MustCompile(`local port\s+empty takes`).MatchString(screen.LineWith("local port"))
	})
	screen.Send(localPort)
	if localPort != "" {
		screen.WaitFor("local port  "+localPort, 10*time.Second)
	}
}

// throughForward asks the application at a local address of the machine that svctui runs on.
func throughForward(t *testing.T, c *harness.Cluster, method, url string, body io.Reader) ([]byte, error) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	if c.Own != nil {
		transport.DialContext = c.Own.DialContext
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Transport: transport, Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

// waitForAnswer waits until one of the Pods answers through a forward.
func waitForAnswer(t *testing.T, c *harness.Cluster, address string, pods ...string) {
	t.Helper()
	harness.Eventually(t, time.Minute, "an answer through "+address, func(context.Context) error {
		answer, err := throughForward(t, c, http.MethodGet, "http://"+address+"/", http.NoBody)
		if err == nil && !isPodName(string(answer), pods...) {
			err = fmt.Errorf("it says %q, want one of %v", answer, pods)
		}
		return err
	})
}

func TestForwardsByKeys(t *testing.T) {
	c := harness.Use(t)
	namespace := startWeb(t, c, "http", quickProbe)
	pods := podNames(t, c, namespace)
	screen := onRow(t, c, namespace, "web")
	toService := forwardByKeys(t, screen, "svc/web:80")
	toPod := forwardByKeys(t, screen, "pod/"+pods[1]+":8080")

	waitForAnswer(t, c, toService, pods...)
	waitForAnswer(t, c, toPod, pods[1])
	sent := make([]byte, 10<<20)
	if _, err := rand.Read(sent); err != nil {
		t.Fatal(err)
	}
	got, err := throughForward(t, c, http.MethodPost, "http://"+toService+"/echo", bytes.NewReader(sent))
	if err != nil || sha256.Sum256(got) != sha256.Sum256(sent) {
		t.Errorf("10 MB there and back: %d bytes returned, %v", len(got), err)
	}
	screen.Send("f")
	bytesOf := regexp.MustCompile(`svc/web:80 .* (1[01] MB) +(1[01] MB) `)
	screen.WaitUntil("10 MB up and down", 10*time.Second, bytesOf.MatchString)

	// The Pods go; the Deployment makes others. The forward to the Service leads to one of them, that to a Pod says that
	// it is gone.
	c.Kubectl(t, "delete", "pods", "-n", namespace, "-l", "app=web", "--wait=false")
	harness.Eventually(t, time.Minute, "other Pods", func(context.Context) error {
		now := podNames(t, c, namespace)
		if len(now) != 2 || slices.Contains(now, pods[0]) || slices.Contains(now, pods[1]) {
			return fmt.Errorf("there are %v", now)
		}
		return nil
	})
	waitForAnswer(t, c, toService, podNames(t, c, namespace)...)
	screen.WaitUntil("the forward to lead to another Pod", 20*time.Second, func(shown string) bool {
		return slices.ContainsFunc(podNames(t, c, namespace), func(pod string) bool { return strings.Contains(shown, pod) })
	})

	// Nobody leaves by mistake.
	screen.Send("q")
	screen.WaitFor("HEALTH", 10*time.Second)
	screen.Send("q")
	screen.WaitFor("Quit?", 10*time.Second)
	pressEsc(screen, "HEALTH")
	screen.WaitGone("Quit?", 10*time.Second)

	// Stopped by hand, nothing listens any more. The other one stays.
	screen.Send("f")
	screen.WaitFor("LOCAL", 10*time.Second)
	screen.Send("g", terminal.CtrlX)
	screen.WaitFor("Stop svc/web:80 on "+toService+"?", 10*time.Second)
	screen.Send("y")
	screen.WaitGone("svc/web:80", 10*time.Second)
	if _, err := throughForward(t, c, http.MethodGet, "http://"+toService+"/", http.NoBody); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("after the stop: %v, want connection refused", err)
	}
	screen.WaitFor("pod/", 10*time.Second)

	screen.Send(terminal.CtrlC)
	screen.WaitFor("Quit?", 10*time.Second)
	screen.Send(terminal.CtrlC)
	checkLeft(t, screen, 0)
}

// A forward to a Pod that is gone says so, and does not lead elsewhere.
func TestForwardSaysWhatIsWrong(t *testing.T) {
	c := harness.Use(t)
	namespace := startWeb(t, c, "http", quickProbe)
	holder := onRow(t, c, namespace, "web")
	address := forwardByKeys(t, holder, "svc/web:80")
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}

	other := onRow(t, c, namespace, "web")
	fillForward(t, other, "svc/web:80", port)
	other.Send(terminal.Enter)
	other.WaitFor(address+" is in use by svctui (process ", 10*time.Second)
	pressEsc(other, "HEALTH") // from the local port
	other.WaitGone("local port", 10*time.Second)
	leave(t, other)

	scale(t, c, namespace, "web", 0)
	holder.Send("f")
	holder.WaitFor("waiting", 30*time.Second)
	scale(t, c, namespace, "web", 1)
	holder.WaitGone("waiting", time.Minute)
	waitForAnswer(t, c, address, podNames(t, c, namespace)...)
	holder.Send("q")
	holder.WaitFor("HEALTH", 10*time.Second)
	holder.Send("q")
	holder.WaitFor("Quit?", 10*time.Second)
	holder.Send("y")
	checkLeft(t, holder, 0)
}

// On a bastion: the line for the laptop, several ports at once, and no address that others reach without a flag.
func TestForwardsOnABastion(t *testing.T) {
	c := harness.Use(t)
	namespace := startWeb(t, c, "http", quickProbe)
	pod := podNames(t, c, namespace)[0]
	screen := c.TerminalRun(t, 160, 40, harness.Run{
		Args: []string{"-n", namespace}, Env: []string{"SSH_CONNECTION=192.0.2.7 50000 192.0.2.9 2222", "USER=ada"},
	})
	selectRow(t, screen, "web")
	fillForward(t, screen, "svc/web:80", "0.0.0.0:0")
	screen.WaitFor("Whoever reaches this machine at 0.0.0.0", 10*time.Second)
	screen.Send(terminal.Enter)
	screen.WaitFor("--forward-address=0.0.0.0", 10*time.Second)
	screen.Send(terminal.CtrlU, terminal.Tab, terminal.CtrlU)
	screen.Send("pod/" + pod + ":8080,9999")
	screen.Send(terminal.Enter)
	screen.WaitFor("sent to the clipboard: ssh -N -p 2222 -L ", 10*time.Second)
	screen.WaitFor("ada@192.0.2.9", 10*time.Second)
	screen.Send("f")
	screen.WaitFor(":9999", 10*time.Second)
	shown := screen.WaitUntil("both forwards", 10*time.Second, func(shown string) bool { return strings.Count(shown, "active") == 2 })
	address := regexp.MustCompile(`:8080\s+.*?(127\.0\.0\.1:\d+)`).FindStringSubmatch(shown)
	if address == nil {
		t.Fatalf("no address:\n%s", shown)
	}
	waitForAnswer(t, c, address[1], pod)
	// Nothing listens on the other port, which the way to the Pod says nothing of.
	refused := regexp.MustCompile(`:9999\s+.*?(127\.0\.0\.1:\d+)`).FindStringSubmatch(shown)
	if _, err := throughForward(t, c, http.MethodGet, "http://"+refused[1]+"/", http.NoBody); err == nil {
		t.Error("an answer from a port that nothing listens on")
	}
	screen.Send("G")
	screen.WaitFor("The last connection was refused: nothing listens on localhost:9999 in Pod "+pod, 10*time.Second)
	screen.WaitFor("connection refused", 10*time.Second)
	quitWithForwards(t, screen)

	open := c.Terminal(t, 120, 40, "-n", namespace, "--forward-address=0.0.0.0")
	selectRow(t, open, "web")
	open.Send("F")
	open.WaitFor("0.0.0.0:8080", 10*time.Second)
	open.WaitFor("Whoever reaches this machine at 0.0.0.0", 10*time.Second)
	pressEsc(open, "HEALTH")
	fillForward(t, open, "svc/web:80", "10.200.0.1:0")
	open.Send(terminal.Enter)
	open.WaitFor("10.200.0.1:", 10*time.Second)
	open.WaitFor("→ svc/web:80", 10*time.Second)
	open.Send("f")
	open.WaitFor("Whoever reaches this machine at 10.200.0.1", 10*time.Second)
	local := regexp.MustCompile(`10\.200\.0\.1:\d+`).FindString(open.Screen())
	waitForAnswer(t, c, local, podNames(t, c, namespace)...)
	quitWithForwards(t, open)
}

// A Service without a Ready Pod is not forwarded to; its Pod is, when asked again.
func TestForwardToAServiceWithoutAReadyPod(t *testing.T) {
	c := harness.Use(t)
	namespace := startWeb(t, c, "http", quickProbe)
	scale(t, c, namespace, "web", 1)
	harness.Eventually(t, time.Minute, "one Pod", func(context.Context) error {
		if now := podNames(t, c, namespace); len(now) != 1 {
			return fmt.Errorf("there are %v", now)
		}
		return nil
	})
	pod := podNames(t, c, namespace)[0]
	switchReady(t, c, namespace, "0")
	screen := c.Terminal(t, 120, 40, "-n", namespace)
	waitForRow(screen, "web", `0/1`, 30*time.Second)
	selectRow(t, screen, "web")
	fillForward(t, screen, "svc/web:80", "")
	screen.WaitFor("no Pod is Ready", 10*time.Second)
	screen.Send(terminal.Enter)
	screen.WaitFor("No Pod of svc/web is Ready", 10*time.Second)
	screen.Send(terminal.Enter)
	screen.WaitFor("→ pod/"+pod+":8080; f lists", 10*time.Second)
	screen.Send("f")
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	screen.WaitUntil("the forward's row", 10*time.Second, address.MatchString)
	waitForAnswer(t, c, address.FindString(screen.Screen()), pod)
	quitWithForwards(t, screen)

	quiet := c.Terminal(t, 120, 40, "-n", namespace, "--readonly")
	quiet.WaitFor("read-only", 10*time.Second)
	selectRow(t, quiet, "web")
	quiet.Send("F")
	quiet.WaitFor("--readonly", 10*time.Second)
	leave(t, quiet)
}
