// Command workload is every application of the end-to-end tests: one static program whose first
// argument chooses how it behaves. It uses the standard library only, so that its image is one file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sort"
	"strings"
	"syscall"
	"time"
)

// mode runs until the context ends (nil) or it fails.
type mode struct {
	help string
	run  func(ctx context.Context, arguments []string) error
}

func modes() map[string]mode {
	return map[string]mode{
		"http":     {"an HTTP server on all addresses; see its flags for readiness, delays and statuses", serveHTTP("0.0.0.0:8080", false)},
		"https":    {"the same over TLS with a self-signed certificate", serveHTTP("0.0.0.0:8443", true)},
		"loopback": {"the same on 127.0.0.1 only, where no client of a Service reaches it", serveHTTP("127.0.0.1:8080", false)},
		"grpc":     {"a gRPC server with the health service alone, over HTTP/2 without TLS", serveGRPC},
		"deaf":     {"lets its Pod answer nothing to one address, and ends; for init containers", makeDeaf},
		"tcp":      {"a TCP server that sends back what it gets", echoTCP},
		"udp":      {"a UDP server that sends back what it gets", echoUDP},
		"talk":     {"a TCP server for one connection, which it may expect something of, talks to, and ends as told", talkOnce},
		"silent":   {"a TCP server that accepts, reads and never answers", silentTCP},
		"crash":    {"ends with an exit code after a while", crash},
		"log":      {"writes lines to its log, hostile ones if asked", writeLog},
		"job":      {"does nothing for a while and ends well", job},
		"pause":    {"does nothing until it is told to end", pause},
		"memory":   {"takes memory until its limit, or -size, is reached", takeMemory},
		"check":    {"asks http(s)://… or tcp://… once: exit 0 if it answers well; for exec probes", check},
	}
}

func main() {
	if len(os.Args) < 2 {
		fail(2, errors.New(usage()))
	}
	m, known := modes()[os.Args[1]]
	if !known {
		fail(2, fmt.Errorf("no mode %q\n%s", os.Args[1], usage()))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := m.run(ctx, os.Args[2:])
	stopped := ctx.Err() != nil
	stop()
	var exit exitCode
	switch {
	case err == nil, stopped, errors.Is(err, flag.ErrHelp):
	case errors.As(err, &exit):
		os.Exit(int(exit))
	default:
		fail(1, err)
	}
}

// exitCode ends the program with this code.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func fail(code int, err error) {
	fmt.Fprintln(os.Stderr, "workload:", err)
	os.Exit(code)
}

func usage() string {
	var text strings.Builder
	text.WriteString("usage: workload MODE [flags]; -h after a mode lists its flags\n")
	names := make([]string, 0)
	for name := range modes() {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&text, "  %-9s %s\n", name, modes()[name].help)
	}
	return text.String()
}

func newFlags(mode string) *flag.FlagSet {
	flags := flag.NewFlagSet(mode, flag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	return flags
}

// wait returns early, with the context's error, when the program is told to end.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func pause(ctx context.Context, _ []string) error {
	<-ctx.Done()
	return nil
}

func job(ctx context.Context, arguments []string) error {
	flags := newFlags("job")
	duration := flags.Duration("for", 0, "how long the job takes")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	fmt.Println("job done")
	return wait(ctx, *duration)
}

func crash(ctx context.Context, arguments []string) error {
	flags := newFlags("crash")
	after := flags.Duration("after", time.Second, "how long it runs before it ends")
	code := flags.Int("code", 1, "the exit code")
	message := flags.String("message", "panic: cannot reach the database at db:5432", "what it says before it ends")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	fmt.Println("starting")
	if err := wait(ctx, *after); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, *message)
	return exitCode(*code)
}

// takeMemory writes to every page of it, or the kernel would not count it.
func takeMemory(ctx context.Context, arguments []string) error {
	flags := newFlags("memory")
	size := flags.Int("size", 1024, "megabytes to take")
	after := flags.Duration("after", 0, "how long it waits before")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if err := wait(ctx, *after); err != nil {
		return err
	}
	var taken [][]byte
	for range *size {
		block := make([]byte, 1<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		taken = append(taken, block)
	}
	fmt.Printf("took %d MB\n", len(taken))
	return pause(ctx, nil)
}

// hostileLines would harm a terminal that they reach as they are: they clear the screen, set the title,
// write the clipboard, use 8-bit controls, turn the writing direction, hide text and break the encoding.
var hostileLines = []string{
	"clear \x1b[2J\x1b[H and colour \x1b[31mred\x1b[0m",
	"title \x1b]0;taken over\x07 clipboard \x1b]52;c;aGFja2Vk\x07",
	"8-bit \u009b2J and \u009d0;title\u009c",
	"direction \u202eevil\u202c isolate \u2066x\u2069",
	"back\b\b\b\bover return\rover tab\there bell\a null\x00 delete\x7f",
	"broken encoding \xff\xfe\xc3(",
	"alternate screen \x1b[?1049l mouse \x1b[?1003h reset \x1bc",
	"zero\u200bwidth combining e\u0301 wide 漢字",
}

func writeLog(ctx context.Context, arguments []string) error {
	flags := newFlags("log")
	rate := flags.Float64("rate", 1, "lines a second")
	count := flags.Int("count", 0, "lines to write before it only waits; 0 is no limit")
	hostile := flags.Bool("hostile", false, "write lines with control characters, which no terminal may get")
	size := flags.Int("size", 0, "pad each line to so many bytes")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *rate <= 0 {
		return fmt.Errorf("-rate is %v, it must be above 0", *rate)
	}
	tick := time.NewTicker(time.Duration(float64(time.Second) / *rate))
	defer tick.Stop()
	for n := 1; ; n++ {
		line := fmt.Sprintf("line %d of %s", n, podName())
		if *hostile {
			line = fmt.Sprintf("line %d %s", n, hostileLines[(n-1)%len(hostileLines)])
		}
		if padding := *size - len(line) - 1; padding > 0 {
			line += " " + strings.Repeat("x", padding)
		}
		if _, err := io.WriteString(os.Stdout, line+"\n"); err != nil {
			return err
		}
		if n == *count {
			return pause(ctx, nil)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// podName is the Pod's name: the host name that Kubernetes gives a container, or POD_NAME.
func podName() string {
	if name := os.Getenv("POD_NAME"); name != "" {
		return name
	}
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}
