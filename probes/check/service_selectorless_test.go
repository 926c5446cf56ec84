package check

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/svctui/svctui/kube/model"
)

func written(addresses int, change ...func(*model.LegacyEndpoints)) *model.LegacyEndpoints {
	object := &model.LegacyEndpoints{ObjectMeta: meta("web", nil), Addresses: addresses}
	for _, change := range change {
		change(object)
	}
	return object
}

func skipped(value string) func(*model.LegacyEndpoints) {
	return func(object *model.LegacyEndpoints) { object.Labels = labels{discoveryv1.LabelSkipMirror: value} }
}

func isLock(object *model.LegacyEndpoints) { object.Annotations = labels{leaderAnnotation: "{}"} }

// TestEndpointsObjectsThatAreNotCopied holds what is said of a Service for which somebody wrote an Endpoints object, and that has no slice.
func TestEndpointsObjectsThatAreNotCopied(t *testing.T) {
	t.Parallel()
	web := service("web", nil)
	helm := func(object *model.LegacyEndpoints) {
		object.Annotations = labels{"meta.helm.sh/release-name": "shop"}
	}
	filled := byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")
	other := written(2, skipped("true"))
	other.Name = "other"
	elsewhere := written(2, skipped("true"))
	elsewhere.Namespace = "pay"
	testSituations(t, "service_notmirrored", map[string]situation{
		"told to skip":                   {objects: objects{web, written(2, skipped("true"))}, want: "SVC-06 major likely"},
		"told to skip, by Helm":          {objects: objects{web, written(1, helm, skipped("true"))}, want: "SVC-06 major likely"},
		"told to skip, another value":    {objects: objects{web, written(2, skipped("false"))}, want: "SVC-06 major likely"},
		"told to skip, and empty":        {objects: objects{web, written(0, skipped("true"))}, want: "SVC-06 major likely"},
		"a lock":                         {objects: objects{web, written(1, isLock)}, want: "SVC-06 major likely"},
		"a lock, and told to skip":       {objects: objects{web, written(1, isLock, skipped("true"))}, want: "SVC-06 major likely"},
		"a lock, and empty":              {objects: objects{web, written(0, isLock)}, want: "SVC-06 major likely"},
		"nobody copies it":               {objects: objects{web, written(1)}, want: "SVC-06 major likely"},
		"of another Service":             {objects: objects{web, other}, want: "SVC-06 major likely"},
		"in another namespace":           {objects: objects{web, elsewhere}, want: "SVC-06 major likely"},
		"none":                           {objects: objects{web}, want: "SVC-06 major likely"},
		"none may be read":               {objects: objects{web}, without: []model.Kind{model.Endpoints}, want: "SVC-06 major likely"},
		"they are on their way":          {objects: objects{web}, coming: []model.Kind{model.Endpoints}, want: "SVC-06 major likely"},
		"told to skip, beside a slice":   {objects: objects{web, filled, written(2, skipped("true"))}, want: ""},
		"told to skip, with a selector":  {objects: objects{service("web", webApp), pod("a", webApp), written(2, skipped("true"))}, want: ""},
		"a lock of a Service of no port": {objects: objects{service("web", nil, headless, ports()), written(0, isLock)}, want: "SVC-06 info possible"},
	})
}

// TestEndpointsObjectsAreReadForFew holds for which Services the Endpoints of their namespace are read, and that their row in a list has
// no complaint about it.
func TestEndpointsObjectsAreReadForFew(t *testing.T) {
	t.Parallel()
	notReady := slice(byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1"), func(e *discoveryv1.EndpointSlice) { e.Endpoints[0].Conditions.Ready = new(false) })
	named := slice(byHand("m", "web", new(""), new(int32(8080)), "db.example.com"), func(e *discoveryv1.EndpointSlice) { e.AddressType = discoveryv1.AddressTypeFQDN })
	for name, test := range map[string]struct {
		objects objects
		asked   bool
	}{
		"no endpoints":           {objects{service("web", nil)}, true},
		"endpoints":              {objects{service("web", nil), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")}, false},
		"none of them ready":     {objects{service("web", nil), notReady}, false},
		"names":                  {objects{service("web", nil), named}, false},
		"no ports":               {objects{service("web", nil, headless, ports())}, false},
		"a selector":             {objects{service("web", webApp)}, false},
		"an ExternalName":        {objects{service("web", nil, externalName("db.example.com"))}, false},
		"a port that none names": {objects{service("web", nil, ports(corev1.ServicePort{Name: "x", Port: 80})), byHand("m", "web", new("y"), new(int32(8080)), "192.0.2.1")}, false},
	} {
		need := model.Need{Kind: model.Endpoints, Namespace: "shop"}
		snapshot := cluster(test.objects...).Uncover(model.Need{Kind: model.Endpoints}).Build(now)
		if asked := slices.Contains(OpenNeeds(web, snapshot), need); asked != test.asked {
			t.Errorf("%s: open, asked %v", name, asked)
		}
		if slices.Contains(Needs(web, snapshot), need) {
			t.Errorf("%s: a row in a list asks", name)
		}
		report := Judge(Input{Snapshot: snapshot, Now: now}, web)
		if slices.ContainsFunc(report.Unchecked, func(u Unchecked) bool { return u.Kind == model.Endpoints }) {
			t.Errorf("%s: %s", name, told(report))
		}
		if lead := report.Leading(); test.asked && (lead.Fix == nil || !strings.Contains(lead.Fix.Note, "is not mirrored while")) {
			t.Errorf("%s: nothing tells of objects that were not read: %s", name, told(report))
		}
	}
}
