package forward

import (
	"net"
	"slices"
	"testing"
)

// recorder notes what is written to it.
type recorder struct {
	net.Conn
	written []string
}

func (r *recorder) Write(p []byte) (int, error) {
	r.written = append(r.written, string(p))
	return len(p), nil
}

func TestFramesAreSentWhole(t *testing.T) {
	conn := &recorder{}
	framed := &framedConn{Conn: conn}
	for _, piece := range []string{
		"\x00\x00\x00\x01", "\x00\x00\x00\x05", "hello", // data
		"\x80\x03", "\x00\x06", "\x00\x00\x00\x04", "\x00\x00", "\x00\x01", // a ping
		"\x00\x00\x00\x01", "\x01\x00\x00\x00", // an end without data
	} {
		if n, err := framed.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
	want := []string{"\x00\x00\x00\x01\x00\x00\x00\x05hello", "\x80\x03\x00\x06\x00\x00\x00\x04\x00\x00\x00\x01", "\x00\x00\x00\x01\x01\x00\x00\x00"}
	if !slices.Equal(conn.written, want) {
		t.Errorf("sent %q, want %q", conn.written, want)
	}
}
