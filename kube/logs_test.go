package kube

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/svctui/svctui/kube/model"
)

func environment(name string) string { return os.Getenv(name) }

func TestReadLog(t *testing.T) {
	long := strings.Repeat("x", 3*logLineLimit)
	for _, test := range []struct {
		name, log string
		want      []string
	}{
		{"nothing", "", nil},
		{"lines", "a\nb\n", []string{"a", "b"}},
		{"no newline at the end", "a\nb", []string{"a", "b"}},
		{"carriage returns", "a\r\n", []string{"a"}},
		{"empty lines count", "a\n\nb\n", []string{"a", "", "b"}},
		{"a long line is cut and the next one is not", long + "\nnext\n", []string{fmt.Sprintf("%s … %d more bytes", long[:logLineLimit], 2*logLineLimit), "next"}},
		{"a long line at the end", long, []string{fmt.Sprintf("%s … %d more bytes", long[:logLineLimit], 2*logLineLimit)}},
		{"just at the limit", long[:logLineLimit] + "\nnext\n", []string{long[:logLineLimit], "next"}},
		{"one over it", long[:logLineLimit+1] + "\nnext\n", []string{long[:logLineLimit] + " … 1 more bytes", "next"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			err := readLog(iotest.HalfReader(strings.NewReader(test.log)), func(line string) bool {
				got = append(got, line)
				return true
			})
			if err != nil || len(got) != len(test.want) {
				t.Fatalf("got %d lines, %v", len(got), err)
			}
			for i := range got {
				if got[i] != test.want[i] {
					t.Errorf("line %d is %.80q (%d bytes)", i, got[i], len(got[i]))
				}
			}
		})
	}
	broken := errors.New("cut")
	var got []string
	err := readLog(iotest.TimeoutReader(iotest.ErrReader(broken)), func(line string) bool { got = append(got, line); return true })
	if !errors.Is(err, broken) || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
	stops := 0
	if err := readLog(bytes.NewReader([]byte("a\nb\nc\n")), func(string) bool { stops++; return false }); err != nil || stops != 1 {
		t.Errorf("it went on after it was stopped: %d, %v", stops, err)
	}
}

func TestLogLine(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC)
	for _, test := range []struct{ in, text string }{
		{at.Format(time.RFC3339Nano) + " hello world", "hello world"},
		{at.Format(time.RFC3339Nano) + " ", ""},
		{at.Format(time.RFC3339Nano), ""},
	} {
		if line := logLine(model.LogRequest{Pod: "p", Container: "c"}, test.in); !line.Time.Equal(at) || line.Text != test.text || line.Pod != "p" || line.Container != "c" {
			t.Errorf("%q became %+v", test.in, line)
		}
	}
	if line := logLine(model.LogRequest{}, "no time here"); !line.Time.IsZero() || line.Text != "no time here" {
		t.Errorf("became %+v", line)
	}
}

// logServer answers log requests only.
func logServer(t *testing.T, answer http.HandlerFunc) *Session {
	t.Helper()
	c := newTestCluster(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/log") {
				answer(w, r)
				return
			}
			next.ServeHTTP(w, r)
		})
	})
	return c.session()
}

func TestLogsFollow(t *testing.T) {
	more := make(chan string)
	var query string
	session := logServer(t, func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.RawQuery
		w.WriteHeader(http.StatusOK)
		for {
			w.(http.Flusher).Flush()
			select {
			case text, ok := <-more:
				if !ok {
					return
				}
				fmt.Fprint(w, text)
			case <-r.Context().Done():
				return
			}
		}
	})
	lines := make(chan model.LogLine)
	ended := make(chan error)
	go func() {
		ended <- session.Logs(t.Context(), model.LogRequest{Namespace: "shop", Pod: "cart-x", Container: "app", Follow: true, TailLines: 10}, func(batch []model.LogLine) {
			for _, line := range batch {
				lines <- line
			}
		})
	}()
	more <- "2026-01-02T03:04:05Z one\n2026-01-02T03:04:06Z tw"
	if line := <-lines; line.Text != "one" {
		t.Errorf("got %+v", line)
	}
	more <- "o\n"
	if line := <-lines; line.Text != "two" {
		t.Errorf("got %+v", line)
	}
	close(more)
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	for _, want := range []string{"container=app", "follow=true", "tailLines=10", "timestamps=true"} {
		if !strings.Contains(query, want) {
			t.Errorf("asked for %s", query)
		}
	}
}

func TestLogsEndWithTheContext(t *testing.T) {
	session := logServer(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "2026-01-02T03:04:05Z one")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := session.Logs(ctx, model.LogRequest{Namespace: "shop", Pod: "cart-x", Follow: true}, func([]model.LogLine) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// Kubelet says in the body that the container is gone. An application may say the same, and is told apart by the time.
func TestLogsDropped(t *testing.T) {
	var body string
	session := logServer(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })
	read := func() (texts []string, err error) {
		err = session.Logs(t.Context(), model.LogRequest{Namespace: "shop", Pod: "cart-x", Previous: true}, func(batch []model.LogLine) {
			for _, line := range batch {
				texts = append(texts, line.Text)
			}
		})
		return texts, err
	}
	for _, words := range []string{
		"unable to retrieve container logs for containerd://5ab",
		`failed to try resolving symlinks in path "/var/log/pods/shop_cart-x/app/1.log": lstat /var/log/pods/shop_cart-x/app/1.log: no such file or directory`,
		`failed to open log file "/var/log/pods/shop_cart-x/app/1.log": open /var/log/pods/shop_cart-x/app/1.log: no such file or directory`,
	} {
		body = words
		if texts, err := read(); len(texts) != 0 || !errors.Is(err, model.LogDropped) || !strings.Contains(err.Error(), "shop/cart-x") {
			t.Errorf("got %q and %v", texts, err)
		}
		body = "2026-01-02T03:04:05Z one\n" + words
		if texts, err := read(); len(texts) != 1 || !errors.Is(err, model.LogDropped) {
			t.Errorf("got %q and %v", texts, err)
		}
		body = "2026-01-02T03:04:05Z " + words + "\n"
		if texts, err := read(); len(texts) != 1 || err != nil {
			t.Errorf("of the application's own words: %q and %v", texts, err)
		}
	}
	// What lasts is shown: asking again would not help.
	body = `failed to open log file "/var/log/pods/shop_cart-x/app/1.log": open /var/log/pods/shop_cart-x/app/1.log: permission denied`
	if texts, err := read(); len(texts) != 1 || err != nil {
		t.Errorf("of a log that may not be opened: %q and %v", texts, err)
	}
}

func TestLogsErrors(t *testing.T) {
	status := func(code int, reason, message string) string {
		return fmt.Sprintf(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":%q,"reason":%q,"code":%d}`, message, reason, code)
	}
	for _, test := range []struct {
		name    string
		code    int
		body    string
		request model.LogRequest
		is      error
		says    string
	}{
		{"no previous one", 400, status(400, "BadRequest", `previous terminated container "app" in pod "cart-x" not found`), model.LogRequest{Previous: true}, model.NoPreviousLog, "has not ended before"},
		{"not started", 400, status(400, "BadRequest", `container "app" in pod "cart-x" is waiting to start: ContainerCreating`), model.LogRequest{}, model.NotStarted, "ContainerCreating"},
		{"which container", 400, status(400, "BadRequest", `a container name must be specified for pod cart-x, choose one of: [app side]`), model.LogRequest{}, model.WhichContainer, "[app side]"},
		{"gone", 404, status(404, "NotFound", `pods "cart-x" not found`), model.LogRequest{}, nil, "does not exist any more"},
		{"forbidden", 403, status(403, "Forbidden", `pods "cart-x" is forbidden: no`), model.LogRequest{}, nil, "forbidden"},
		{"kubelet away", 500, status(500, "InternalError", `Get "https://10.0.0.1:10250/containerLogs": dial tcp: i/o timeout`), model.LogRequest{}, nil, "i/o timeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			session := logServer(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(test.code)
				fmt.Fprint(w, test.body)
			})
			test.request.Namespace, test.request.Pod, test.request.Container = "shop", "cart-x", "app"
			err := session.Logs(t.Context(), test.request, func([]model.LogLine) { t.Error("there were lines") })
			if err == nil || test.is != nil && !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}
