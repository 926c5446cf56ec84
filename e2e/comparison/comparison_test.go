package comparison

import (
	"regexp"
	"strings"
	"testing"

	"github.com/svctui/svctui/e2e/scenarios"
)

func TestAlarmInDescription(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want bool
	}{
		"endpoints":            {"Type:   ClusterIP\nEndpoints:                10.0.0.1:80\nEvents: <none>\n", false},
		"no endpoints":         {"Type:   ClusterIP\nEndpoints:                \nSession Affinity: None\n", true},
		"none":                 {"Type:   ClusterIP\nEndpoints:  <none>\n", true},
		"one of two ports":     {"Endpoints:  10.0.0.1:80\nEndpoints:  \nEvents: <none>\n", true},
		"a name needs none":    {"Type:   ExternalName\nEndpoints:  <none>\n", false},
		"a warning":            {"Endpoints:  10.0.0.1:80\nEvents:\n  Type     Reason\n  Warning  SyncLoadBalancerFailed  4m\n", true},
		"a normal event":       {"Endpoints:  10.0.0.1:80\nEvents:\n  Normal  EnsuringLoadBalancer  4m\n", false},
		"the word in a column": {"Endpoints:  10.0.0.1:80\nAnnotations: note: Warning to all\n", false},
	} {
		if got := AlarmInDescription(test.text); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestJudge(t *testing.T) {
	namings := Namings{"f1": {regexp.MustCompile("carries app=a b"), regexp.MustCompile("no Pod")}, "f2/web": {regexp.MustCompile("never")}, "f2": {regexp.MustCompile("x")}}
	for name, test := range map[string]struct {
		scenario string
		faulty   bool
		output   Output
		want     Mark
	}{
		"all words, over two lines": {"f1", true, Output{Text: "no Pod\ncarries app=a\n b"}, Names},
		"named beside":              {"f1", true, Output{More: []string{"no Pod", "carries app=a b"}}, Names},
		"one word of two":           {"f1", true, Output{Text: "no Pod", Alarm: true}, Symptom},
		"nothing":                   {"f1", true, Output{Text: "fine"}, Silent},
		"the Service's own words":   {"f2", true, Output{Text: "x"}, Silent},
		"no words are written":      {"f3", true, Output{Text: "x"}, Silent},
		"healthy":                   {"f1", false, Output{Text: "no Pod carries app=a b"}, Quiet},
		"healthy, and an alarm":     {"f1", false, Output{Alarm: true}, FalseAlarm},
		"not asked":                 {"f1", true, Output{Alarm: true, Missing: "not installed"}, NotAsked},
	} {
		c := Case{Scenario: test.scenario, Service: "web", Faulty: test.faulty, Outputs: map[string]Output{"kubectl": test.output}}
		if got := namings.Judge(c, "kubectl"); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
		if got := namings.Judge(c, "k9s"); got != NotAsked {
			t.Errorf("%s: a tool without output is %q", name, got)
		}
	}
}

func TestEveryFaultIsNamed(t *testing.T) {
	namings, err := LoadNamings()
	if err != nil {
		t.Fatal(err)
	}
	all, err := scenarios.All()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, scenario := range all {
		used[scenario.Name] = true
		for service, expected := range scenario.Services {
			used[scenario.Name+"/"+service] = true
			elsewhere := strings.Contains(service, "/")
			if scenario.Name[0] == 'f' && expected.Told() && !elsewhere && len(namings.Of(Case{Scenario: scenario.Name, Service: service})) == 0 {
				t.Errorf("names.yaml does not tell by what words the fault of %s, Service %s, is named", scenario.Name, service)
			}
		}
	}
	for key := range namings {
		if !used[key] {
			t.Errorf("names.yaml: there is no scenario %s", key)
		}
	}
}

func TestAlike(t *testing.T) {
	const event = "Warning  SyncLoadBalancerFailed  2m3s (x4 over 4m3s)  service-controller  Error 403: permission\n"
	for name, test := range map[string]struct {
		other string
		want  bool
	}{
		"older":              {"Warning  SyncLoadBalancerFailed  12s (x11 over 1h2m)  service-controller  Error 403: permission", true},
		"the first time":     {"Warning  SyncLoadBalancerFailed  3s  service-controller  Error 403: permission", true},
		"a line is too long": {"Warning  SyncLoadBalancerFailed  2m3s (x4 over 4m3s)  service-controller  Error 403: p\nermission", true},
		"another code":       {"Warning  SyncLoadBalancerFailed  2m3s (x4 over 4m3s)  service-controller  Error 404: permission", false},
		"another reason":     {"Warning  EnsuredLoadBalancer  2m3s (x4 over 4m3s)  service-controller  Error 403: permission", false},
	} {
		if got := Alike(event, test.other); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestSteady(t *testing.T) {
	whole := func(text string) bool { return strings.Contains(text, "whole") }
	for name, test := range map[string]struct {
		looks []string
		told  func(string) bool
		want  string
		taken int
	}{
		"at once":                {[]string{"a 1s", "a 2s", "b"}, nil, "a 2s", 2},
		"drawn half":             {[]string{"a", "ab", "ab", "c"}, nil, "ab", 3},
		"never":                  {[]string{"a", "b", "c", "d"}, nil, "d", 4},
		"steady, and not told":   {[]string{"a", "a", "whole", "whole"}, whole, "whole", 4},
		"told, and never steady": {[]string{"whole", "a", "whole b", "whole c"}, whole, "whole c", 4},
	} {
		taken := 0
		got := Steady(4, func() string { taken++; return test.looks[taken-1] }, test.told)
		if got != test.want || taken != test.taken {
			t.Errorf("%s: %q after %d looks, want %q after %d", name, got, taken, test.want, test.taken)
		}
	}
}

func TestPartOf(t *testing.T) {
	text := "2 Services.\n\n✗ a/web  ClusterIP\n  one\n\n  ✗ SEL-01  two\n\n▲ a/web2  ClusterIP\n  three\n\nHealthy: b/db\n"
	for service, want := range map[string]string{"web": "✗ a/web  ClusterIP\n  one\n\n  ✗ SEL-01  two\n", "web2": "▲ a/web2  ClusterIP\n  three\n", "db": ""} {
		if got := PartOf(text, "a", service); got != want {
			t.Errorf("%s: %q, want %q", service, got, want)
		}
	}
}

func TestPopeye(t *testing.T) {
	report, err := ParsePopeye([]byte("banner\n" + `{"popeye":{"sections":[
		{"linter":"services","issues":{"shop/web":[{"level":1,"message":"prefer"}],"shop/db":[{"level":2,"message":"empty"}],"shop/one":[{"level":2,"message":"[POP-1109] single"}],"shop2/web":[{"level":3,"message":"other"}]}},
		{"linter":"pods","issues":{"shop/web-1":[{"level":3,"message":"crashes"},{"level":1,"message":"label"}]}}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	web := report.Of("shop", "web")
	if web.Alarm {
		t.Errorf("an advice, and another object's error, are no alarm: %+v", web)
	}
	if web.Text != "services shop/web: level 1 prefer" || strings.Join(web.More, "; ") != "pods shop/web-1: level 3 crashes; services shop/db: level 2 empty" {
		t.Errorf("got %+v", web)
	}
	if report.Of("shop", "one").Alarm {
		t.Error("a single endpoint is an alarm")
	}
	if !report.Of("shop", "db").Alarm {
		t.Error("a warning is an alarm")
	}
	if _, err := ParsePopeye([]byte("no connection")); err == nil {
		t.Error("no JSON is an error")
	}
}

func TestPage(t *testing.T) {
	namings, err := LoadNamings()
	if err != nil {
		t.Fatal(err)
	}
	cases := []Case{
		{Scenario: "f00-x", Service: "web", Why: "a | b", Faulty: true, Outputs: map[string]Output{"svctui": {Text: "one\n\ntwo", Alarm: true}}},
		{Scenario: "h00-x", Service: "web", Why: "fine", Outputs: map[string]Output{
			"popeye": {Text: "x", Alarm: true}, "k9s": {Text: "what kubectl has", Quote: "(the same)"},
		}},
	}
	page := Write(cases, namings, map[string]string{"svctui": "v1"})
	for _, want := range []string{
		"| of 1 faulty and 1 healthy Services |", "| a symptom | 1 | 0 | 0 | 0 |", "| false alarm | 0 | 0 | 0 | 1 |",
		`| f00-x | web | a \| b | a symptom | – | – | – |`, "| h00-x | web | fine | – | – | quiet | **false alarm** |", "    one\n\n    two\n", "    (the same)\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}
