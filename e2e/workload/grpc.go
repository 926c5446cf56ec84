package main

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	grpcHealthPath    = "/grpc.health.v1.Health/Check"
	grpcOK            = "0"
	grpcUnimplemented = "12"
	// healthServing is a HealthCheckResponse in its frame: not compressed, two bytes long, field 1 (status) is 1, SERVING.
	healthServing = "\x00\x00\x00\x00\x02\x08\x01"
)

// serveGRPC speaks HTTP/2 without TLS and nothing else, as gRPC servers do: HTTP/1.1 gets no answer that it understands.
func serveGRPC(ctx context.Context, arguments []string) error {
	flags := newFlags("grpc")
	address := flags.String("listen", "0.0.0.0:8080", "address and port")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: http.HandlerFunc(answerGRPC), Protocols: &http.Protocols{},
		ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(os.Stderr, "", 0),
	}
	server.Protocols.SetUnencryptedHTTP2(true)
	defer context.AfterFunc(ctx, func() { server.Close() })()
	log.Printf("listening on %s", listener.Addr())
	return server.Serve(listener)
}

// answerGRPC answers the method that Kubernetes' gRPC probes call; there is no other.
func answerGRPC(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	status := grpcUnimplemented
	if r.URL.Path == grpcHealthPath {
		status = grpcOK
		_, _ = io.WriteString(w, healthServing)
	}
	w.Header().Set("Grpc-Status", status)
}
