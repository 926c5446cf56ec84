package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestReleaseArchive tries what goreleaser made: SVCTUI_DIST names the folder. The archive for this machine is unpacked
// and its binary run, every archive is there with its checksum, and the cask names them.
func TestReleaseArchive(t *testing.T) {
	dist := os.Getenv("SVCTUI_DIST")
	if dist == "" {
		t.Skip("SVCTUI_DIST names no folder of release archives: `make release-snapshot` makes one")
	}
	sums := readFile(t, dist, "checksums.txt")
	cask := readFile(t, dist, "homebrew", "Casks", "svctui.rb")
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, architecture := range []string{"amd64", "arm64"} {
			extension := ".tar.gz"
			if system == "windows" {
				extension = ".zip"
			}
			archive := findArchive(t, dist, system+"_"+architecture+extension)
			sum := sha256.Sum256([]byte(readFile(t, archive)))
			line := hex.EncodeToString(sum[:]) + "  " + filepath.Base(archive)
			if !strings.Contains(sums, line) {
				t.Errorf("checksums.txt lacks %q", line)
			}
			if system != "windows" && !strings.Contains(cask, hex.EncodeToString(sum[:])) {
				t.Errorf("the cask does not name the sum of %s", filepath.Base(archive))
			}
		}
	}
	for _, stanza := range []string{"on_macos", "on_linux", `binary "svctui"`, "manpage ", "bash_completion ", "zsh_completion ", "fish_completion "} {
		if !strings.Contains(cask, stanza) {
			t.Errorf("the cask lacks %s", stanza)
		}
	}
	if strings.Contains(cask, "depends_on macos") {
		t.Error("the cask is for macOS only")
	}
	if runtime.GOOS != "windows" {
		tryArchive(t, findArchive(t, dist, runtime.GOOS+"_"+runtime.GOARCH+".tar.gz"))
	}
}

func tryArchive(t *testing.T, archive string) {
	t.Helper()
	folder := t.TempDir()
	unpack(t, archive, folder)
	for _, name := range []string{
		"LICENSE", "README.md", "man/svctui.1", "completions/svctui.bash", "completions/_svctui", "completions/svctui.fish",
	} {
		if readFile(t, folder, name) == "" {
			t.Errorf("%s is empty", name)
		}
	}
	binary := filepath.Join(folder, "svctui")
	out, err := exec.Command(binary, "version").Output()
	if err != nil || !regexp.MustCompile(`^svctui v?\d+\.\d+\.\d+\S* go`).Match(out) {
		t.Errorf("version: %v, %q", err, out)
	}
	command := exec.Command(binary, "diagnose", "--demo", "-A", "-o", "json", "--wait=0")
	command.Env = append(os.Environ(), "HOME="+folder, "KUBECONFIG=")
	out, err = command.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitRed {
		t.Errorf("diagnose: %v, want exit code %d", err, exitRed)
	}
	var document struct{ APIVersion string }
	if err := json.Unmarshal(out, &document); err != nil || document.APIVersion != "svctui/v1" {
		t.Errorf("diagnose: %v, apiVersion %q", err, document.APIVersion)
	}
}

func findArchive(t *testing.T, dist, ending string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dist, "svctui_*_"+ending))
	if err != nil || len(found) != 1 {
		t.Fatalf("want one archive that ends in %s, found %v", ending, found)
	}
	return found[0]
}

func readFile(t *testing.T, parts ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func unpack(t *testing.T, archive, folder string) {
	t.Helper()
	zipped, err := gzip.NewReader(bytes.NewBufferString(readFile(t, archive)))
	if err != nil {
		t.Fatal(err)
	}
	for files := tar.NewReader(zipped); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeReg || !filepath.IsLocal(header.Name) {
			continue
		}
		content, err := io.ReadAll(files)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, header.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, header.FileInfo().Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
}
