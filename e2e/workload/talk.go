package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// talkOnce serves one connection and ends: well if it went as the flags say, else with exit code 3. What it sees is
// in its log, which ends with "done" or the reason.
func talkOnce(ctx context.Context, arguments []string) error {
	flags := newFlags("talk")
	address := flags.String("listen", "0.0.0.0:8080", "address and port")
	expect := flags.String("expect", "", "what the client has to send first")
	chunks := flags.Int("chunks", 0, "how many pieces it sends")
	size := flags.Int("size", 10, "bytes in a piece")
	interval := flags.Duration("interval", 0, "how long it waits between pieces")
	toEnd := flags.Bool("to-end", false, "read until the client has sent everything")
	reset := flags.Bool("reset", false, "end the connection by a reset instead of well")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	fmt.Println("listening on", listener.Addr())
	accepted, err := listener.Accept()
	if err != nil {
		return err
	}
	conn := accepted.(*net.TCPConn)
	defer conn.Close()
	fmt.Println("accepted a connection")
	if err := talk(ctx, conn, *expect, *chunks, *size, *interval, *toEnd); err != nil {
		fmt.Println(err)
		return exitCode(3)
	}
	if *reset {
		_ = conn.SetLinger(0)
		fmt.Println("done")
		return conn.Close()
	}
	// What the client has not read yet must not be lost by a reset.
	_ = conn.CloseWrite()
	_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	_, _ = io.Copy(io.Discard, conn)
	fmt.Println("done")
	return nil
}

func talk(ctx context.Context, conn net.Conn, expect string, chunks, size int, interval time.Duration, toEnd bool) error {
	if expect != "" {
		got := make([]byte, len(expect))
		if n, err := io.ReadFull(conn, got); err != nil {
			return fmt.Errorf("got %d of the %d bytes that were expected: %w", n, len(expect), err)
		}
		if string(got) != expect {
			return fmt.Errorf("got %q, expected %q", got, expect)
		}
		fmt.Println("got what was expected")
	}
	for n := range chunks {
		if n > 0 {
			if err := wait(ctx, interval); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(conn, strings.Repeat("x", size)); err != nil {
			return fmt.Errorf("sending piece %d: %w", n+1, err)
		}
	}
	if toEnd {
		n, err := io.Copy(io.Discard, conn)
		if err != nil {
			return fmt.Errorf("reading to the end: %w", err)
		}
		fmt.Println("got to the end,", n, "bytes")
	}
	return nil
}
