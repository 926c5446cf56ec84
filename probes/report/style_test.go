package report

import (
	"os"
	"path/filepath"
	"testing"
)

func TestASCIIOnly(t *testing.T) {
	t.Parallel()
	cases := []struct {
		environ []string
		want    bool
	}{
		{nil, false},
		{[]string{"LANG=en_US.UTF-8"}, false},
		{[]string{"LANG=C"}, true},
		{[]string{"LC_ALL=C", "LANG=en_US.UTF-8"}, true},
		{[]string{"LC_CTYPE=C.utf8", "LANG=C"}, false},
		{[]string{"TERM=linux", "LANG=en_US.UTF-8"}, true},
		{[]string{"SVCTUI_ASCII=1", "LANG=en_US.UTF-8"}, true},
		{[]string{"SVCTUI_ASCII=0", "LANG=C"}, false},
	}
	for _, c := range cases {
		if got := ASCIIOnly(c.environ); got != c.want {
			t.Errorf("%v: %v, want %v", c.environ, got, c.want)
		}
	}
}

func TestStyleOfAFileIsPlain(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "report.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	t.Setenv("LANG", "C")
	if style := StyleOf(file); style != (Style{}) {
		t.Errorf("the style of a file is %+v", style)
	}
}
