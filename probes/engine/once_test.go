package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

func TestOnceWaitsForEveryKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture("shop")
		source.put(aService("shop", "web"))
		begin := time.Now()
		go func() {
			for _, kind := range []model.Kind{model.Services, model.EndpointSlices, model.Events, model.Deployments, model.Pods, model.Nodes} {
				time.Sleep(time.Second)
				state := model.Live
				if kind == model.Nodes {
					state = model.Forbidden
				}
				need := model.Need{Kind: kind, Namespace: "shop"}
				if !kind.Namespaced() {
					need.Namespace = model.AllNamespaces
				}
				source.cover(state, need)
			}
		}()
		state, err := once(t.Context(), newEngine(source, Options{}, simple()), OnceOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took != 6*time.Second {
			t.Errorf("judged after %v", took)
		}
		if got := state.verdict(key("shop", "web")); got != "fail" || !state.Settled {
			t.Errorf("got %s, settled %v", got, state.Settled)
		}
	})
}

func TestOnceWithoutServices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture("shop")
		source.answer = func(model.Need) model.Coverage { return model.Coverage{State: model.Live} }
		source.cover(model.Live, model.Need{Kind: model.EndpointSlices, Namespace: "shop"})
		source.cover(model.Forbidden, model.Need{Kind: model.Services, Namespace: "shop"})
		_, err := once(t.Context(), newEngine(source, Options{}, simple()), OnceOptions{})
		var unreadable *UnreadableError
		if !errors.As(err, &unreadable) || unreadable.Coverage.State != model.Forbidden {
			t.Errorf("got %v", err)
		}
	})
}

func TestOnceWhenTimeRunsOut(t *testing.T) {
	for name, test := range map[string]struct {
		known   []model.Kind
		wantErr bool
	}{
		"nothing came":            {nil, true},
		"Services came":           {[]model.Kind{model.Services}, false},
		"all but one kind came":   {[]model.Kind{model.Services, model.EndpointSlices, model.Pods}, false},
		"only another kind came":  {[]model.Kind{model.Pods}, true},
		"only EndpointSlices did": {[]model.Kind{model.EndpointSlices}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				source := newFixture("shop")
				source.put(aService("shop", "web"))
				for _, kind := range test.known {
					source.cover(model.Live, model.Need{Kind: kind, Namespace: "shop"})
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				state, err := once(ctx, newEngine(source, Options{}, simple()), OnceOptions{Wait: time.Minute})
				if (err != nil) != test.wantErr {
					t.Fatalf("got %v", err)
				}
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v", err)
				}
				if err == nil && len(state.Reports) != 1 {
					t.Errorf("got %v", state.Reports)
				}
			})
		})
	}
}

func TestOnceWaitsForWhatIsSettling(t *testing.T) {
	for name, test := range map[string]struct {
		wait, settles time.Duration
		names         []string
		want          string
		took          time.Duration
	}{
		"settles in time":       {12 * time.Second, 10 * time.Second, nil, "fail", 10 * time.Second},
		"settles too late":      {12 * time.Second, 5 * time.Minute, nil, "ok", 0},
		"is not to be waited":   {0, 10 * time.Second, nil, "ok", 0},
		"is not what was asked": {12 * time.Second, 10 * time.Second, []string{"other"}, "none", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				checks := simple()
				checks.judge = func(in check.Input, key model.Key) *check.Report {
					report := &check.Report{Key: key}
					finding := check.Finding{ID: "T-01", Severity: check.Critical, Confidence: check.Proven}
					if key.Name != "web" {
						return report
					}
					if held := begin.Add(test.settles); in.Now.Before(held) {
						finding.Severity, finding.Settling, finding.Again = check.Minor, true, held
						report.Again = held
					} else {
						report.Verdict = check.Fail
					}
					report.Findings = []check.Finding{finding}
					return report
				}
				source := newFixture("shop")
				source.answer = func(model.Need) model.Coverage { return model.Coverage{State: model.Live} }
				source.live()
				source.put(aService("shop", "web"), aService("shop", "other"))
				told := 0
				options := OnceOptions{Names: test.names, Home: "shop", Wait: test.wait, Waiting: func(unsettled int, _ time.Duration) {
					told++
					if unsettled != 1 {
						t.Errorf("told of %d", unsettled)
					}
				}}
				state, err := once(t.Context(), newEngine(source, options.Options, checks), options)
				if err != nil {
					t.Fatal(err)
				}
				if got := state.verdict(key("shop", "web")); got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
				took := time.Since(begin)
				if took < test.took || took > test.took+time.Second {
					t.Errorf("took %v, want %v", took, test.took)
				}
				if want := min(int(test.took/time.Second), 1); told != want {
					t.Errorf("told %d times, want %d", told, want)
				}
			})
		})
	}
}

func TestOnceReportsOnlyWhatWasAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := newFixture(model.AllNamespaces)
		source.answer = func(model.Need) model.Coverage { return model.Coverage{State: model.Live} }
		source.live()
		source.put(aService("shop", "web"), aService("shop", "other"), aService("bank", "web"))
		options := OnceOptions{Names: []string{"web", "wbe"}, Home: "shop"}
		state, err := once(t.Context(), newEngine(source, options.Options, simple()), options)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, report := range state.Reports {
			got = append(got, fmt.Sprint(report.Key, report.Missing))
		}
		if want := []string{"bank/web false", "shop/wbe true", "shop/web false"}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
