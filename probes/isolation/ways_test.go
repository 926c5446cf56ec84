package isolation

import "testing"

func TestWays(t *testing.T) {
	for _, test := range []struct{ text, keys, flags string }{
		{"Let targetPort be that port.", "Let targetPort be that port.", "Let targetPort be that port."},
		{"--sockets, or s on the screen of the test, reads what the Pod listens on", "s reads what the Pod listens on", "--sockets reads what the Pod listens on"},
		{"test that Pod: --pod web-1, or p on the screen of the test", "test that Pod: p", "test that Pod: --pod web-1"},
		{"sweep: --max-pods 0, or a on the screen of the test; compare", "sweep: a; compare", "sweep: --max-pods 0; compare"},
		{"longer, or a lighter path (--timeout and --path, or o on the screen of the test)", "longer, or a lighter path (o)", "longer, or a lighter path (--timeout and --path)"},
	} {
		if keys, flags := ByKeys(test.text), ByFlags(test.text); keys != test.keys || flags != test.flags {
			t.Errorf("%q: %q and %q", test.text, keys, flags)
		}
	}
}
