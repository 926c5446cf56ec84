package check

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// TestLogHints reads lines as programs write them.
func TestLogHints(t *testing.T) {
	t.Parallel()
	web := LogFacts{TargetPorts: []int32{8080}}
	for name, test := range map[string]struct {
		lines []string
		facts LogFacts
		want  string
	}{
		"node, taken":          {[]string{"Error: listen EADDRINUSE: address already in use :::8080"}, web, "is taken already, port 8080"},
		"go, taken":            {[]string{"2026/01/02 12:30:45 listen tcp :8080: bind: address already in use"}, web, "is taken already"},
		"nginx, not permitted": {[]string{"nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)"}, web, "may not listen on port 80"},
		"node, not permitted":  {[]string{"Error: listen EACCES: permission denied 0.0.0.0:443"}, web, "may not listen on port 443"},
		"flask, loopback":      {[]string{" * Running on http://127.0.0.1:8080"}, web, "listens on 127.0.0.1:8080 only"},
		"a name for it":        {[]string{"Listening on localhost:8080"}, web, "listens on localhost:8080 only"},
		"in the sixth version": {[]string{"listening on [::1]:8080"}, web, "listens on [::1]:8080 only"},
		"facts are not known":  {[]string{"Listening on localhost:3000"}, LogFacts{}, "listens on localhost:3000 only"},
		"another port":         {[]string{"2026-01-02T12:30:45Z INFO server listening on :3000"}, web, "listens on port 3000, and the Service leads to 8080"},
		"a port by word":       {[]string{"Server started on port 3000."}, web, "listens on port 3000"},
		"JSON":                 {[]string{`{"msg":"listening","addr":":3000"}`}, web, "listens on port 3000"},
		"spring":               {[]string{"Tomcat started on port(s): 9090 (http) with context path ''"}, web, ""},
		"go, a dependency":     {[]string{"dial tcp 10.96.1.2:5432: connect: connection refused"}, web, "refuses it: 10.96.1.2:5432"},
		"node, a dependency":   {[]string{"Error: connect ECONNREFUSED 10.96.1.2:6379"}, web, "refuses it: 10.96.1.2:6379"},
		"a dependency by name": {[]string{"could not connect: dial tcp db.shop:5432: connect: connection refused"}, web, "refuses it: db.shop:5432"},

		"taken, in node's word alone":      {[]string{"Error: EADDRINUSE :8080"}, web, "is taken already, port 8080"},
		"taken, no port told":              {[]string{"address already in use"}, web, "is taken already"},
		"a port of a lower bind":           {[]string{"bind: permission denied"}, web, "may not listen: ports below 1024"},
		"the last port there can be":       {[]string{"listening on :65535"}, web, "listens on port 65535"},
		"the first port of all":            {[]string{"listening on 0.0.0.0:01"}, web, "listens on port 1,"},
		"loopback, everywhere for another": {[]string{"listening on 127.0.0.1:8080", "listening on 0.0.0.0:9090"}, web, "listens on 127.0.0.1:8080 only"},

		"one more than there can be":        {[]string{"listening on :65536"}, web, ""},
		"no port":                           {[]string{"listening on :00"}, web, ""},
		"a file that may not be read":       {[]string{"EACCES: permission denied, open '/data'"}, web, ""},
		"a bind that worked":                {[]string{"bind 0.0.0.0:8080 ok"}, web, ""},
		"facts are not known, not loopback": {[]string{"listening on :3000"}, LogFacts{}, ""},
		"dialed, and not refused":           {[]string{"dial tcp 10.96.1.2:5432: ok"}, web, ""},
		"another word for a port":           {[]string{"accepted on 127.0.0.1:8080"}, web, ""},
		"the right port":                    {[]string{"listening on :8080"}, web, ""},
		"everywhere":                        {[]string{"listening on 0.0.0.0:8080"}, web, ""},
		"loopback and everywhere":           {[]string{"listening on 127.0.0.1:8080", "listening on 0.0.0.0:8080"}, web, ""},
		"a port for admin, inside":          {[]string{"listening on 127.0.0.1:9901"}, web, ""},
		"metrics beside it":                 {[]string{"listening on :8080", "metrics listening on :9090"}, web, ""},
		"a time":                            {[]string{"started at 12:30:45"}, web, ""},
		"a time in a day":                   {[]string{"started 2026-01-02 12:30:45.123 all is well"}, web, ""},
		"no address":                        {[]string{"listening for events"}, web, ""},
		"a port that cannot be":             {[]string{"listening on :99999"}, web, ""},
		"somebody else was refused":         {[]string{"refund: connection refused by the customer"}, web, ""},
		"permission for a file":             {[]string{"open /data: permission denied"}, web, ""},
	} {
		hints := LogHints(test.lines, test.facts)
		if test.want == "" && len(hints) > 0 || test.want != "" && (len(hints) != 1 || !strings.Contains(hints[0].Text, test.want)) {
			t.Errorf("%s: want %q, got %+v", name, test.want, hints)
		}
	}
	if hints := LogHints([]string{"address already in use"}, web); hints[0].Text != "a port that it wants to listen on is taken already" {
		t.Errorf("no port was told: %+v", hints)
	}
	twice := []string{"dial tcp a:1000: connection refused", "dial tcp a:1000: connection refused", "dial tcp b:1000: connection refused"}
	if hints := LogHints(twice, web); len(hints) != 2 || hints[0].Line != 2 || hints[1].Line != 1 {
		t.Errorf("not each once: %+v", hints)
	}
	var many []string
	for range 100 {
		many = append(many, "dial tcp a:1000: connection refused", "dial tcp b:1000: connection refused", "dial tcp c:1000: connection refused", "dial tcp d:1000: connection refused")
	}
	if hints := LogHints(many, web); len(hints) != 3 || hints[0].Line != len(many)-1 || !strings.Contains(hints[0].Text, "d:1000") {
		t.Errorf("not the newest three, once each: %+v", hints)
	}
}

func TestLogFacts(t *testing.T) {
	t.Parallel()
	svc := service("web", labels{"app": "web"}, ports(port(80, "http"), port(81, 9090), port(82, "none")))
	facts := LogFactsOf(svc, []*corev1.Pod{pod("a", labels{}), pod("b", labels{}, containerPorts(corev1.ContainerPort{Name: "http", ContainerPort: 8081}))})
	if got := portList(facts.TargetPorts); got != "8080, 8081, 9090" {
		t.Errorf("got %s", got)
	}
}
