package main

import (
	"context"
	"io"
	"log"
	"net"
)

func echoTCP(ctx context.Context, arguments []string) error {
	return serveTCP(ctx, "tcp", arguments, func(conn net.Conn) { _, _ = io.Copy(conn, conn) })
}

func silentTCP(ctx context.Context, arguments []string) error {
	return serveTCP(ctx, "silent", arguments, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
}

func serveTCP(ctx context.Context, mode string, arguments []string, serve func(net.Conn)) error {
	flags := newFlags(mode)
	address := flags.String("listen", "0.0.0.0:8080", "address and port")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	log.Printf("listening on %s", listener.Addr())
	for {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			serve(conn)
		}()
	}
}

func echoUDP(ctx context.Context, arguments []string) error {
	flags := newFlags("udp")
	address := flags.String("listen", "0.0.0.0:8080", "address and port")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	conn, err := net.ListenPacket("udp", *address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	log.Printf("listening on %s/udp", conn.LocalAddr())
	buffer := make([]byte, 64<<10)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return err
		}
		if _, err := conn.WriteTo(buffer[:n], from); err != nil {
			return err
		}
	}
}
