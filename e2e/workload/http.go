package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// application is the HTTP server's behaviour.
type application struct {
	rootStatus   int
	healthStatus int
	answerDelay  time.Duration
	readyFile    string
	ready        atomic.Bool
	exit         chan int
	answers      map[string]string
}

func serveHTTP(defaultAddress string, encrypted bool) func(context.Context, []string) error {
	return func(ctx context.Context, arguments []string) error {
		flags := newFlags("http")
		var addresses list
		flags.Var(&addresses, "listen", "address and port; may be repeated (default "+defaultAddress+")")
		root := flags.Int("status", http.StatusOK, "status of /")
		health := flags.Int("healthz", http.StatusOK, "status of /healthz")
		ready := flags.Bool("ready", true, "whether /readyz answers 200 at first; POST /ready?on=1 and ?on=0 switch it")
		readyFile := flags.String("ready-file", "", "/readyz answers 200 only while this file exists")
		startDelay := flags.Duration("start-delay", 0, "how long it does not listen at first")
		answerDelay := flags.Duration("answer-delay", 0, "how long it waits before each answer")
		var answers list
		flags.Var(&answers, "answer", "PATH=JSON: what a GET of the path answers; may be repeated")
		stopDelay := flags.Duration("stop-delay", 0, "how long it goes on serving after it was told to end; POST /exit cuts it short")
		if err := flags.Parse(arguments); err != nil {
			return err
		}
		if len(addresses) == 0 {
			addresses = list{defaultAddress}
		}
		answerOf := map[string]string{}
		for _, answer := range answers {
			path, text, found := strings.Cut(answer, "=")
			if !found || !strings.HasPrefix(path, "/") {
				return fmt.Errorf("-answer is %q, want PATH=JSON", answer)
			}
			answerOf[path] = text
		}
		app := &application{answers: answerOf, rootStatus: *root, healthStatus: *health, answerDelay: *answerDelay, readyFile: *readyFile, exit: make(chan int, 1)}
		app.ready.Store(*ready)
		if err := wait(ctx, *startDelay); err != nil {
			return err
		}
		servers := make([]*http.Server, 0, len(addresses))
		failed := make(chan error, len(addresses))
		for _, address := range addresses {
			listener, err := net.Listen("tcp", address)
			if err != nil {
				return err
			}
			if encrypted {
				certificate, err := selfSigned()
				if err != nil {
					return err
				}
				listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}})
			}
			server := &http.Server{Handler: app.handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(os.Stderr, "", 0)}
			servers = append(servers, server)
			log.Printf("listening on %s", listener.Addr())
			go func() { failed <- server.Serve(listener) }()
		}
		select {
		case err := <-failed:
			return err
		case code := <-app.exit:
			return exitCode(code)
		case <-ctx.Done():
			select {
			case <-time.After(*stopDelay):
			case <-app.exit:
			}
			for _, server := range servers {
				server.Close()
			}
			return nil
		}
	}
}

func (a *application) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(a.rootStatus)
		fmt.Fprintln(w, podName())
	})
	for path, text := range a.answers {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, text)
		})
	}
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(a.healthStatus)
		fmt.Fprintln(w, http.StatusText(a.healthStatus))
	})
	mux.HandleFunc("/readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !a.isReady() {
			http.Error(w, "warming up", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	mux.HandleFunc("POST /ready", func(w http.ResponseWriter, r *http.Request) {
		on, err := strconv.ParseBool(r.FormValue("on"))
		if err != nil {
			http.Error(w, "want ?on=1 or ?on=0", http.StatusBadRequest)
			return
		}
		a.ready.Store(on)
		fmt.Fprintln(w, "ready:", on)
	})
	mux.HandleFunc("/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.PathValue("code"))
		if err != nil || code < 200 || code > 599 {
			http.Error(w, "want a status from 200 to 599", http.StatusBadRequest)
			return
		}
		w.WriteHeader(code)
		fmt.Fprintln(w, http.StatusText(code))
	})
	// The body comes back as it is, for tests that count bytes through a forward.
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	mux.HandleFunc("POST /discard", func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	mux.HandleFunc("/bytes/{count}", func(w http.ResponseWriter, r *http.Request) {
		count, err := strconv.ParseInt(r.PathValue("count"), 10, 64)
		if err != nil || count < 0 {
			http.Error(w, "want a number of bytes", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Length", strconv.FormatInt(count, 10))
		_, _ = io.CopyN(w, zeros{}, count)
	})
	mux.HandleFunc("POST /log", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(os.Stdout, r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /exit", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.FormValue("code"))
		if err != nil {
			http.Error(w, "want ?code=N", http.StatusBadRequest)
			return
		}
		// The answer goes out before the process ends under it.
		w.WriteHeader(http.StatusNoContent)
		_ = http.NewResponseController(w).Flush()
		select {
		case a.exit <- code:
		default: // it is ending already
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if wait(r.Context(), a.answerDelay) == nil {
			mux.ServeHTTP(w, r)
		}
	})
}

func (a *application) isReady() bool {
	if a.readyFile != "" {
		_, err := os.Stat(a.readyFile)
		return err == nil
	}
	return a.ready.Load()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

var _ flag.Value = (*list)(nil)

// selfSigned is one certificate for all listeners of the process.
var selfSigned = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "workload.svctui.test"},
		DNSNames:     []string{"workload.svctui.test"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(365 * 24 * time.Hour),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
})

func check(ctx context.Context, arguments []string) error {
	flags := newFlags("check")
	timeout := flags.Duration("timeout", time.Second, "how long it waits for the answer")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("check needs one address: http://…, https://… or tcp://HOST:PORT")
	}
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	target := flags.Arg(0)
	if address, ok := strings.CutPrefix(target, "tcp://"); ok {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	// Its own certificate is self-signed; whether it answers is all that is asked.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= 400 {
		return fmt.Errorf("%s answers %s", target, response.Status)
	}
	return nil
}
