package forward

import "testing"

func TestWordsOfRuntimes(t *testing.T) {
	for _, test := range []struct {
		text               string
		refused, oneStream bool
	}{
		{refusedText, true, true},
		{"an error occurred forwarding 8080 -> 80: error forwarding port 80 to pod x, uid : exit status 1: 2026/01/01 socat[7] E connect(5, AF=2 127.0.0.1:80, 16): Connection refused", true, true},
		{`error forwarding port 80 to pod x, uid : failed to execute portforward in network namespace "/run/netns/x": readfrom tcp4 127.0.0.1:1->127.0.0.1:80: write tcp4 127.0.0.1:1->127.0.0.1:80: write: broken pipe`, false, true},
		{"read: connection reset by peer", false, true},
		{"dial tcp4 127.0.0.1:80: connect: connection timed out", false, true},
		{"i/o timeout", false, true},
		{goneText, false, false},
		{`network namespace for sandbox "4dbd" is closed`, false, false},
		{`sandbox container "4dbd" is not running`, false, false},
	} {
		if refused, oneStream := refusedByPort(test.text), ofOneStream(test.text); refused != test.refused || oneStream != test.oneStream {
			t.Errorf("%q: refused by the port %t, of one stream %t", test.text, refused, oneStream)
		}
	}
}
