package isolation

import (
	"strings"
	"testing"
	"testing/synctest"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// What a client met on its own way is known of it alone; what anybody would meet is the Service's, whoever found it.
func TestWhatIsKnownOfOneClientAlone(t *testing.T) {
	t.Parallel()
	headless := func(f *Facts) { f.Headless = true }
	behind := func(f *Facts) { f.ClientBehind = true }
	local := func(f *Facts) { f.LocalOnly = true }
	otherProxy := func(f *Facts) { f.OtherProxy = true }
	deadDNS := func(f *Facts) { f.NameServerDead = true }
	familyDead := func(f *Facts) { f.UsableAtAddress = 0 }
	told := func(id string) edit {
		return func(f *Facts) { f.ClientFindings = append(f.ClientFindings, finding(id)) }
	}
	hang := silentOn(RungPod, RungService, RungProxyService, RungProxyPod)
	for _, test := range []struct {
		name  string
		seen  string
		facts []edit
		want  bool
	}{
		{"served", "OK OK OK OK OK OK OK", nil, false},
		{"the loopback, and a client", "OK OK REF REF REF REF REF", nil, false},
		{"the loopback, by the client", "OK OK PERM PERM REF - REF", nil, false},
		{"nothing listens, by the client", "REF REF PERM PERM REF - REF", nil, false},
		{"no endpoint", "OK OK NOEP OK REF REF OK", []edit{noneUsableEdit}, false},
		{"it hangs", "OK OK OK OK CON CON CON", []edit{hang}, false},
		{"another endpoint is bad", "REF REF PERM PERM OK OK REF", []edit{threeUsable}, false},

		{"kept out", "OK OK OK OK TMO TMO TMO", nil, true},
		{"kept out by a policy", "OK OK OK OK TMO TMO TMO", []edit{told("NP-04")}, true},
		{"kept out, and nobody was chosen", "OK OK TMO TMO - - -", []edit{admitsNobody, otherAnswers}, false},
		{"rejected", "OK OK OK OK REF REF REF", nil, true},
		{"rejected, the Pod not tried", "OK OK OK OK REF REF -", nil, true},

		{"refused by the node", "OK OK OK OK REF REF OK", nil, false},
		{"refused by the node, connected to the Pod", "OK OK OK OK REF REF CON", nil, false},
		{"refused, with the policy Local", "OK OK OK OK REF REF OK", []edit{local}, true},
		{"refused, a family without endpoints", "OK OK OK OK REF REF -", []edit{familyDead}, false},
		{"dropped by the node", "OK OK OK OK TMO TMO OK", nil, false},
		{"dropped, with the policy Local", "OK OK OK OK TMO TMO OK", []edit{local}, true},
		{"dropped, left to another proxy", "OK OK OK OK TMO TMO OK", []edit{local, otherProxy}, false},
		{"dropped, one of the Service's own", "OK OK OK OK TMO TMO OK", []edit{behind}, true},

		{"no name", "OK OK OK OK OK NAME? OK", nil, true},
		{"no name, by its own policy", "OK OK OK OK OK NAME? OK", []edit{told("DNS-01"), deadDNS}, true},
		{"no name, and the name server is dead", "OK OK OK OK OK NAME? OK", []edit{deadDNS}, false},
		{"no headless name", "OK OK OK OK - NAME? OK", []edit{headless}, true},
		{"a name that leads elsewhere", "OK OK OK OK OK REF OK", nil, true},
		{"a name in vain", "OK OK OK OK OK TMO OK", nil, true},

		{"no way to the Pod, by the client alone", "OK OK TMO TMO TMO TMO TMO", nil, true},
		{"no way to the Pod, where the API server reaches another", "OK OK TMO TMO TMO TMO TMO", []edit{otherAnswers}, false},
		{"no way to the Pod, and policies choose", "OK OK TMO TMO TMO TMO TMO", []edit{otherAnswers, admitsSome}, true},
		{"no way to the Pod, and policies may not be read", "OK OK TMO TMO TMO TMO TMO", []edit{otherAnswers, policiesUnread}, true},
		{"no way to the Pod, and the client's own policy", "OK OK TMO TMO TMO TMO TMO", []edit{otherAnswers, told("NP-04")}, true},
		{"no way to the Pod for anybody", "OK OK TMO TMO TMO TMO TMO", []edit{admitsNobody}, false},

		{"no way to this one, by the client alone", "OK OK PERM PERM OK OK TMO", []edit{threeUsable}, true},
		{"no way to this one, and the API server reaches none", "OK OK TMO TMO OK TMO TMO", []edit{threeUsable}, true},
		{"no way to this one, where the API server reaches another", "OK OK TMO TMO OK TMO TMO", []edit{threeUsable, otherAnswers}, false},
		{"no way to this one, where the API server is served", "OK OK OK TMO OK TMO TMO", []edit{threeUsable}, false},

		{"endpoints without Pods refuse", "NOT FAIL FAIL NOT REF REF -", []edit{noPod, withFault(faultNoSelector)}, false},
		{"endpoints without Pods are silent", "NOT FAIL FAIL NOT TMO TMO -", []edit{noPod, withFault(faultNoSelector)}, true},
	} {
		facts := oneUsable(test.facts...)
		if got := Conclude(seenByClient(t, test.seen, &facts), facts); got.OnlyForClient != test.want {
			t.Errorf("%s: %t of %q", test.name, got.OnlyForClient, got.Text)
		}
	}
	for name, test := range map[string]struct {
		outcome Outcome
		facts   []edit
		want    bool
	}{
		"an ExternalName refuses":              {Refused, nil, false},
		"an ExternalName is silent":            {Timeout, nil, true},
		"an ExternalName has no address":       {Failed, nil, false},
		"the client cannot look names up":      {Failed, []edit{told("DNS-03")}, true},
		"the client is kept from its target":   {Timeout, []edit{told("NP-04")}, true},
		"what it refuses, policies do not say": {Refused, []edit{told("NP-04")}, false},
	} {
		facts := Facts{Fault: faultExternalName, ExternalName: "db.example.com", alias: alias{name: "db.example.com"}, Unresolved: test.outcome == Failed}
		for _, edit := range test.facts {
			edit(&facts)
		}
		if got := Conclude([]Observation{{Rung: RungInCluster, Outcome: test.outcome}}, facts); got.OnlyForClient != test.want {
			t.Errorf("%s: %t of %q", name, got.OnlyForClient, got.Text)
		}
	}
}

// What is known of one client is outdated when that client is another one; what is known of everybody is not.
func TestWhatMakesATestOfAClientOutdated(t *testing.T) {
	t.Parallel()
	labelled := clientPodOf()
	labelled.Labels = map[string]string{"app": "front", "role": "admin"}
	anew := func(pod *corev1.Pod) { pod.UID = "another" }
	annotated := func(pod *corev1.Pod) { pod.Annotations = map[string]string{"a": "b"} }
	web1 := runningPod("web-1", "10.0.0.1")
	service, slice := webService(), sliceOf("", 8080, web1)
	noWayOut := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "no-way-out"},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: clientPodOf().Labels}, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
		},
	}
	with := func(more ...metav1.Object) *model.Snapshot {
		return model.NewBuilder(allKnown(append([]metav1.Object{service, web1, slice}, more...)...)).
			Cover(model.Need{Kind: model.Namespaces}, model.Coverage{State: model.Live}).Build(allKnown().At())
	}
	before := with(clientPodOf())
	for _, test := range []struct {
		name   string
		before *model.Snapshot
		now    *model.Snapshot
		want   string
	}{
		{"nothing", before, before, ""},
		{"an annotation", before, with(clientPodOf(annotated)), ""},
		{"gone", before, with(), "the client, Pod shop/front-1, is gone"},
		{"replaced", before, with(clientPodOf(anew)), "was replaced"},
		{"labels", before, with(labelled), "has other labels"},
		{"its own policy came", before, with(clientPodOf(), noWayOut), "policies make something else of the client"},
		{"its own policy went", with(clientPodOf(), noWayOut), before, "policies make something else of the client"},
		{"its own policy stayed", with(clientPodOf(), noWayOut), with(clientPodOf(), noWayOut), ""},
		{"policies are not read now", with(clientPodOf(), noWayOut), without(before, model.NetworkPolicies), ""},
		{"policies were not read then", without(before, model.NetworkPolicies), with(clientPodOf(), noWayOut), ""},
		{"Pods are not read now", before, without(with(), model.Pods), ""},
		{"the client was not read then", with(), before, ""},
		{"the client was not read then, and is not there", with(), with(), "is gone"},
	} {
		request := web
		request.ReadOnly, request.Client = true, client
		subject := newSubject(test.before, request)
		ofClient, ofAll := subject.basis().withClient(&subject), subject.basis()
		if got := ofClient.Outdated(test.now); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
		if got := ofAll.Outdated(test.now); got != "" {
			t.Errorf("%s: what holds for everybody is outdated: %q", test.name, got)
		}
	}
}

// without is a snapshot in which one kind of the namespace may not be read any more.
func without(snapshot *model.Snapshot, kind model.Kind) *model.Snapshot {
	return model.NewBuilder(snapshot).Cover(model.Need{Kind: kind, Namespace: namespace}, model.Coverage{State: model.Forbidden}).Build(snapshot.At())
}

// A test from a client keeps that client as what its conclusion rests on only where that is known of no other.
func TestATestRestsOnItsClient(t *testing.T) {
	t.Parallel()
	for title, test := range map[string]struct {
		line string
		want bool
	}{
		"served":   {"curl 0 * Connected to x < HTTP/1.1 200 OK", false},
		"kept out": {"curl 28 000", true},
	} {
		t.Run(title, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.everywhere("web-1", 8080, "web", "80", 200)
				w.run = dialling(map[string]string{"10.96.0.1:80/": test.line, "web.shop.svc:80/": test.line, "10.0.0.1:8080/": test.line})
				pod := runningPod("web-1", "10.0.0.1")
				objects := []metav1.Object{webService(), pod, sliceOf("", 8080, pod)}
				snapshot := snapshotOf(append(objects, clientPodOf())...)
				request := web
				request.Client = client
				got := Run(t.Context(), w, snapshot, agreeing(snapshot, request), nil)
				if outdated := got.Basis.Outdated(snapshotOf(objects...)); got.Conclusion.OnlyForClient != test.want || (outdated != "") != test.want {
					t.Errorf("%q is known of the client alone: %t; without the client it is outdated: %q", got.Conclusion.Text, got.Conclusion.OnlyForClient, outdated)
				}
			})
		})
	}
}
