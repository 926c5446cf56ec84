package isolation

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// Of several endpoints the tested one hangs, or another one.
func TestOneOfSeveralHangs(t *testing.T) {
	tcp := func(f *Facts) { f.PodWordless = true }
	guessed := func(f *Facts) { f.AssumesHTTP = true }
	ended := func(f *Facts) { f.NotRunning = "container c has ended: Error" }
	unready := func(f *Facts) { f.PodUsable = false }
	deleted := func(f *Facts) { f.PodTerminating, f.PodReady = true, true }
	odd := func(f *Facts) {
		f.OddWorkload = "deploy/db"
		f.Diagnosis = []check.Finding{{ID: "SEL-05", Severity: check.Major, Confidence: check.Likely, Title: "It matches others.", Fix: &check.Fix{Note: "narrow it"}}}
	}
	mesh := func(f *Facts) { f.Mesh = "Istio" }
	for _, test := range []struct {
		name, seen string
		edits      []edit
		mark       check.Mark
		says       string
	}{
		{"the tested one, another one was drawn", "SIL SIL OK SIL - - -", []edit{threeUsable}, check.MarkFail, "Pod web-1 accepts connections and does not answer, while another endpoint answers"},
		{"the tested one, and a client drew another one", "PERM PERM PERM PERM OK - SIL", []edit{threeUsable}, check.MarkFail, "Pod web-1 accepts connections and does not answer"},
		{"the tested one, and the name drew another one", "SIL SIL SIL SIL SIL OK SIL", []edit{threeUsable}, check.MarkFail, "Pod web-1 accepts connections and does not answer"},
		{"the tested one, by its number alone", "SIL SIL OK SIL - - -", []edit{threeUsable, guessed}, check.MarkWarn, "say how it speaks"},
		{"the tested one, and one that refuses was drawn", "SIL - REF SIL - - -", []edit{threeUsable}, check.MarkFail, "Pod web-1 accepts connections and does not answer, and another endpoint refuses them."},
		{"the only one", "SIL SIL OK SIL - - -", nil, check.MarkUnknown, "contradict"},
		{"it answers on its loopback", "OK OK OK SIL - - -", []edit{threeUsable}, check.MarkUnknown, "contradict"},
		{"behind a mesh", "SIL SIL OK SIL - - -", []edit{threeUsable, mesh}, check.MarkUnknown, ""},
		{"nothing tells of the tested one", "PERM PERM OK PERM - - -", []edit{threeUsable}, check.MarkOK, "answers"},

		{"it gets no traffic", "SIL SIL OK SIL - - -", []edit{threeUsable, unready}, check.MarkWarn, "The Pod is not Ready, so clients of the Service are not sent to it."},
		{"it is being deleted", "SIL SIL OK SIL - - -", []edit{threeUsable, deleted}, check.MarkWarn, "That Pod is being deleted"},
		{"it is another application's", "SIL SIL OK SIL - - -", []edit{threeUsable, odd}, check.MarkFail, "This Pod is of deploy/db, which the Service is probably not meant for."},
		{"it answered a forward to the Service", "SIL OK OK SIL - - -", []edit{threeUsable}, check.MarkUnknown, ""},
		{"it answers at its IP alone, and another one was drawn", "SIL SIL SIL OK - - -", []edit{threeUsable}, check.MarkUnknown, ""},
		{"a client is refused at the address as well", "OK OK SIL OK REF - OK", []edit{threeUsable}, check.MarkFail, "refused"},
		{"a client cannot resolve the name as well", "OK OK SIL OK OK NAME? OK", []edit{threeUsable}, check.MarkFail, "name does not resolve"},
		{"nothing was drawn beside it", "SIL SIL PERM SIL - - -", []edit{threeUsable}, check.MarkFail, "The application accepts connections and does not answer."},
		{"there is no endpoint", "SIL SIL OK SIL - - -", []edit{noneUsableEdit}, check.MarkUnknown, "no EndpointSlice has a usable endpoint"},
		{"it has ended", "SIL SIL OK SIL - - -", []edit{threeUsable, ended}, check.MarkUnknown, "contradict"},

		{"another one, behind a mesh", "OK OK SIL OK - - -", []edit{threeUsable, mesh}, check.MarkUnknown, "contradict"},
		{"another one, and this one has ended", "OK OK SIL OK - - -", []edit{threeUsable, ended}, check.MarkUnknown, "contradict"},
		{"another one, and there is no endpoint", "OK OK SIL OK - - -", []edit{noneUsableEdit}, check.MarkUnknown, "no EndpointSlice has a usable endpoint"},
		{"another one, and nothing led to this one", "PERM PERM SIL PERM CON - -", []edit{threeUsable}, check.MarkFail, "The application accepts connections and does not answer."},
		{"another one", "OK OK SIL OK - - -", []edit{threeUsable}, check.MarkFail, "Pod web-1 answers, and another endpoint of the Service accepts connections and does not answer in time. The API server was sent"},
		{"another one, drawn by a client", "OK OK OK OK SIL OK OK", []edit{threeUsable}, check.MarkFail, "accepts connections and does not answer in time. Pod batch was sent"},
		{"another one, and the Pod's IP alone was tried", "PERM PERM PERM PERM SIL - OK", []edit{threeUsable}, check.MarkFail, "another endpoint of the Service accepts connections"},
		{"another one, by its number alone", "OK OK SIL OK - - -", []edit{threeUsable, guessed}, check.MarkWarn, "say how it speaks"},
		{"another one is down, and one hangs", "OK OK TMO OK SIL - OK", []edit{threeUsable}, check.MarkFail, "another endpoint of the Service does not. The API server"},
		{"the only one, asked by the Service", "OK OK SIL OK - - -", nil, check.MarkUnknown, "contradict"},

		{"it says nothing, another one does", "OK OK OK OK - - -", []edit{threeUsable, tcp}, check.MarkOK, "The application accepts connections on its Pod's IP"},
	} {
		facts := oneUsable(append(test.edits, func(f *Facts) { f.Client = "batch" })...)
		fields := strings.Fields(test.seen)
		for i, rung := range []Rung{RungPod, RungService, RungProxyService, RungProxyPod} {
			if fields[i] == "SIL" {
				silentOn(rung)(&facts)
			}
		}
		got := Conclude(seenByClient(t, test.seen, &facts), facts)
		if got.Mark != test.mark || !strings.Contains(got.Text+" "+got.Why+" "+got.Next, test.says) {
			t.Errorf("%s: %s %q %q %q", test.name, markName(got.Mark), got.Text, got.Why, got.Next)
		}
	}
}

// What another endpoint says is not put into the mouth of the tested one.
func TestATestedPodThatSaysNothing(t *testing.T) {
	for name, test := range map[string]struct {
		app  func(model.ProxyRequest) (*http.Response, error)
		says string
	}{
		"it says nothing": {nil, "accepts connections"},
		"it answers":      {replies(200, "fine"), "answers"},
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			one, two := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
			w.loopback["web-1:8080"] = silentApp
			w.proxied["services/web:80"], w.proxied["pods/web-1:8080"] = replies(200, "fine"), test.app
			w.proxied["pods/https:web-1:8080"] = cannotReach("tls: first record does not look like a TLS handshake")
			w.proxied["pods/web-1:1"] = cannotReach(refusedText)
			got := Run(t.Context(), w, snapshotOf(webService(), one, two, sliceOf("", 8080, one, two)), Request{Service: web.Service, Pod: "web-1", Scheme: schemeTCP}, nil).Conclusion
			if got.Mark != check.MarkOK || !strings.Contains(got.Text, "The application "+test.says+" on its Pod's IP") {
				t.Errorf("%s: %+v", name, got)
			}
		})
	}
}

// Where nothing led to the tested Pod, what another endpoint says is the application's answer.
func TestATestedPodThatNothingLedTo(t *testing.T) {
	w := newWorld(t)
	w.forwardErr = errForbidden
	w.proxied["services/web:80"] = replies(200, "fine")
	w.proxied["pods/web-1:8080"] = statusReply(http.StatusForbidden, "Forbidden", `pods "web-1" is forbidden: User "eve" cannot get resource "pods/proxy"`)
	one, two := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
	got := Run(t.Context(), w, snapshotOf(webService(), one, two, sliceOf("", 8080, one, two)), Request{Service: web.Service, Pod: "web-1"}, nil).Conclusion
	if got.Mark != check.MarkOK || !strings.Contains(got.Text, "The application answers on its Pod's IP") {
		t.Errorf("%+v", got)
	}
}
