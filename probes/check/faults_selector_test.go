package check

// selectorFaults are the faults of a selector that matches nothing.
func selectorFaults() map[string]fault {
	app := labels{"app": "checkout"}
	hyphen := labels{"app": "check-out"}
	return map[string]fault{
		"a missing dash": {
			objects: objects{service("checkout", app), pod("checkout-a", hyphen, ofDeploy("checkout")), pod("other", labels{"app": "other"})},
			verdict: Fail, lead: "SEL-01", short: "no Pod has app=checkout", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"selector":{"app":"check-out"}}}'`,
		},
		"the key of another convention": {
			objects: objects{service("checkout", app), pod("checkout-a", labels{"app.kubernetes.io/name": "checkout"}, ofDeploy("checkout"))},
			verdict: Fail, lead: "SEL-01", short: "no Pod has app=checkout", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"selector":{"app":null,"app.kubernetes.io/name":"checkout"}}}'`,
		},
		"two values swapped": {
			objects: objects{service("checkout", labels{"app": "shop", "tier": "checkout"}), pod("a", labels{"app": "checkout", "tier": "shop"}, ofDeploy("checkout"))},
			verdict: Fail, lead: "SEL-01", short: "no Pod has app=shop tier=checkout", severity: Critical, confidence: Proven,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"selector":{"app":"checkout","tier":"shop"}}}'`,
		},
		"one pair too many": {
			objects: objects{service("checkout", labels{"app": "checkout", "version": "v3"}), pod("a", labels{"app": "checkout", "version": "v1"}), pod("b", labels{"app": "checkout", "version": "v2"})},
			verdict: Fail, lead: "SEL-02", short: "no Pod has version=v3", severity: Critical, confidence: Proven,
		},
		"no Pods at all": {
			objects: objects{service("checkout", app), pod("a", labels{"app": "payments"}, ofDeploy("payments"))},
			verdict: Fail, lead: "SEL-04", short: "no Pod has app=checkout", severity: Critical, confidence: Proven,
		},
		"a hash that progressive delivery left behind": {
			objects: objects{service("checkout", labels{"app": "checkout", "rollouts-pod-template-hash": "abc"}), pod("a", labels{"app": "checkout", "rollouts-pod-template-hash": "def"})},
			verdict: Warn, lead: "SEL-08", short: "no Pod has template hash abc", severity: Critical, confidence: Likely,
			fix: `kubectl --context prod -n shop patch svc checkout --type=merge -p '{"spec":{"selector":{"rollouts-pod-template-hash":null}}}'`,
		},
		"a hash without which nothing would match either": {
			objects: objects{service("checkout", labels{"app": "checkout", "pod-template-hash": "abc"}), pod("a", labels{"app": "payments"})},
			verdict: Warn, lead: "SEL-08", short: "no Pod has template hash abc", severity: Critical, confidence: Likely, noCommand: true,
		},
	}
}
