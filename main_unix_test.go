//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/term"
	"github.com/creack/pty"
	"github.com/hinshun/vt10x"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

func init() { programs["svctui-panics"] = panicking }

// panicking is svctui that panics in a goroutine of its own on SIGUSR1.
func panicking() {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		defer utilruntime.HandleCrash()
		<-signals
		panic("this goroutine is at its end")
	}()
	main()
}

// console is a program in a pseudo terminal, and what its screen shows.
type console struct {
	t       *testing.T
	command *exec.Cmd
	tty     *os.File
	keys    *os.File
	before  *term.State
	exited  chan struct{}

	mu       sync.Mutex
	terminal vt10x.Terminal
	raw      bytes.Buffer
}

func start(t *testing.T, name string, arguments ...string) *console {
	t.Helper()
	ptmx, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo terminal here: %v", err)
	}
	if err := pty.Setsize(ptmx, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	before, err := term.GetState(tty.Fd())
	if err != nil {
		t.Fatal(err)
	}
	c := &console{t: t, tty: tty, keys: ptmx, before: before, exited: make(chan struct{}), terminal: vt10x.New(vt10x.WithSize(80, 24))}
	c.command = exec.Command(name, arguments...)
	c.command.Stdin, c.command.Stdout, c.command.Stderr = tty, tty, tty
	c.command.Env = append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "HOME="+t.TempDir(), "KUBECONFIG=")
	c.command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	// A signal that is ignored, as SIGHUP is under nohup, stays so in every child; one that is caught does not.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := ptmx.Read(buffer)
			c.mu.Lock()
			c.raw.Write(buffer[:n])
			_, _ = c.terminal.Write(buffer[:n])
			c.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	go func() {
		defer close(c.exited)
		// The exit code tells how it ended.
		_ = c.command.Wait()
	}()
	t.Cleanup(func() {
		_ = c.command.Process.Kill()
		_ = tty.Close()
		_ = ptmx.Close()
	})
	return c
}

func (c *console) text() (screen, raw string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.terminal.String(), c.raw.String()
}

// shows waits until the screen shows a text.
func (c *console) shows(text string) {
	c.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		screen, _ := c.text()
		if strings.Contains(screen, text) {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%q never appeared:\n%s", text, screen)
		}
	}
}

// ends waits for the end and checks that the terminal's modes are as they were.
func (c *console) ends(code int) {
	c.t.Helper()
	select {
	case <-c.exited:
	case <-time.After(30 * time.Second):
		screen, _ := c.text()
		c.t.Fatalf("it does not end:\n%s", screen)
	}
	if got := c.command.ProcessState.ExitCode(); got != code {
		c.t.Errorf("exit code %d, want %d", got, code)
	}
	after, err := term.GetState(c.tty.Fd())
	if err != nil {
		c.t.Fatal(err)
	}
	if *after != *c.before {
		c.t.Errorf("the terminal's modes are %+v, and were %+v", after, c.before)
	}
}

// leaves waits for the end and checks that the terminal is as it was.
func (c *console) leaves(code int) {
	c.t.Helper()
	c.ends(code)
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, raw := c.text()
		left := strings.LastIndex(raw, "\x1b[?1049l") > strings.LastIndex(raw, "\x1b[?1049h")
		shown := strings.LastIndex(raw, "\x1b[?25h") > strings.LastIndex(raw, "\x1b[?25l")
		if left && shown {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the alternate screen is left: %v; the cursor is shown: %v", left, shown)
		}
	}
}

func TestTheTerminalIsGivenBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		program string
		signal  os.Signal
		code    int
	}{
		"SIGTERM":                {"svctui", syscall.SIGTERM, 2},
		"SIGHUP":                 {"svctui", syscall.SIGHUP, 2},
		"SIGINT":                 {"svctui", syscall.SIGINT, 2},
		"a panic in a goroutine": {"svctui-panics", syscall.SIGUSR1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, test.program, "demo")
			c.shows("checkout")
			if err := c.command.Process.Signal(test.signal); err != nil {
				t.Fatal(err)
			}
			c.leaves(test.code)
			const last = "this goroutine is at its end"
			for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				_, raw := c.text()
				_, after, _ := strings.Cut(raw[strings.LastIndex(raw, "\x1b[?1049h"):], "\x1b[?1049l")
				told := strings.Contains(after, last)
				if told == (test.signal == syscall.SIGUSR1) {
					return
				}
				// What the program wrote last may still be on its way through the terminal.
				if told || time.Now().After(deadline) {
					t.Fatalf("after the screen was left: %q", after)
				}
			}
		})
	}
}

func TestTheQuestionCanBeInterrupted(t *testing.T) {
	t.Parallel()
	for name, interrupt := range map[string]func(*console) error{
		"Ctrl-C": func(c *console) error {
			_, err := c.keys.WriteString("\x03")
			return err
		},
		"SIGTERM": func(c *console) error { return c.command.Process.Signal(syscall.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t, "svctui", "test", "quotes", "-n", "shop", "--demo", "--sockets")
			c.shows("[y/N]")
			if err := interrupt(c); err != nil {
				t.Fatal(err)
			}
			c.ends(2)
			c.shows("\nsvctui: interrupted: nothing was run")
		})
	}
}
