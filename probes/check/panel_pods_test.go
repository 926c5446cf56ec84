package check

import (
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestWhatThePodPanelShows has one Pod a row, as the panel does.
func TestWhatThePodPanelShows(t *testing.T) {
	t.Parallel()
	gate := func(p *corev1.Pod) {
		p.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "example.com/lb"}, {ConditionType: "example.com/other"}}
		setCondition(p, "example.com/lb", corev1.ConditionFalse, "Draining", "", time.Minute)
	}
	for name, test := range map[string]struct {
		change func(*corev1.Pod)
		want   string
	}{
		"it serves":          {func(*corev1.Pod) {}, "Running 1/1 ready=true going=false since 1h0m0s"},
		"it is going":        {terminating, "Terminating 1/1 ready=true going=true since 1h0m0s"},
		"ready since lately": {readySince(time.Minute), "Running 1/1 ready=true going=false since 1m0s"},
		"gates":              {gate, "Running 1/1 ready=true going=false since 1h0m0s [{example.com/lb False Draining} {example.com/other  }]"},
		"no condition":       {func(p *corev1.Pod) { p.Status.Conditions = nil }, "Running 1/1 ready=false going=false"},
	} {
		row := PodTable(input(cluster(service("web", webApp), pod("a", webApp, test.change))), web).Rows[0]
		got := fmt.Sprintf("%s %d/%d ready=%v going=%v", row.Status, row.Ready, row.Containers, row.IsReady, row.Terminating)
		if !row.Since.IsZero() {
			got += " since " + now.Sub(row.Since).String()
		}
		if row.Gates != nil {
			got += fmt.Sprint(" ", row.Gates)
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// TestThePodPanelEnds holds that Pods in trouble are listed before the healthy ones, and what is not listed is counted.
func TestThePodPanelEnds(t *testing.T) {
	t.Parallel()
	all := objects{service("web", webApp)}
	for i := range panelPods + 2 {
		all = append(all, pod(fmt.Sprintf("a-%03d", i), webApp))
	}
	all = append(all, pod("z", webApp, notReady))
	table := PodTable(input(cluster(all...)), web)
	if len(table.Rows) != panelPods || table.More != 3 || table.Rows[0].Name != "z" {
		t.Errorf("%d rows and %d more, the first is %s", len(table.Rows), table.More, table.Rows[0].Name)
	}
	if selector := SelectorTable(input(cluster(all...)).Snapshot, web); len(selector.Rows) != panelPods || selector.Others != 0 {
		t.Errorf("%d rows and %d others", len(selector.Rows), selector.Others)
	}
	if none := PodTable(input(cluster(all...)), model.Key{Namespace: "shop", Name: "nobody"}); none.Known || none.Rows != nil {
		t.Errorf("nobody: %+v", none)
	}
}
