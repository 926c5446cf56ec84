// Package release tests what a release consists of: the archives, their checksums and the Homebrew cask that
// goreleaser writes. It has no cluster, and runs where SVCTUI_DIST names goreleaser's folder.
package release

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func dist(t *testing.T) string {
	folder := os.Getenv("SVCTUI_DIST")
	if folder == "" {
		t.Skip("SVCTUI_DIST is not set: `make release-snapshot` builds the archives and runs this test on them")
	}
	return folder
}

// archive returns the path of the one archive for a system.
func archive(t *testing.T, folder, system, architecture string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "svctui_*_"+system+"_"+architecture+".*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("want one archive for %s/%s, found %v", system, architecture, found)
	}
	return found[0]
}

// packed is one file of an archive.
type packed struct {
	data []byte
	mode fs.FileMode
}

// content reads every file of an archive.
func content(t *testing.T, path string) map[string]packed {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]packed{}
	if strings.HasSuffix(path, ".zip") {
		reader, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range reader.File {
			opened, err := file.Open()
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(opened)
			if err != nil {
				t.Fatal(err)
			}
			files[file.Name] = packed{data, file.Mode()}
		}
		return files
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	reader := tar.NewReader(unzipped)
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		files[header.Name] = packed{data, header.FileInfo().Mode()}
	}
}

func TestArchivesHoldEverything(t *testing.T) {
	folder := dist(t)
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, architecture := range []string{"amd64", "arm64"} {
			t.Run(system+"_"+architecture, func(t *testing.T) {
				files := content(t, archive(t, folder, system, architecture))
				binary := "svctui"
				if system == "windows" {
					binary = "svctui.exe"
				}
				for _, name := range []string{
					binary, "LICENSE", "README.md", "docs/findings.md", "docs/keys.md", "man/svctui.1",
					"completions/svctui.bash", "completions/_svctui", "completions/svctui.fish",
				} {
					if len(files[name].data) == 0 {
						t.Errorf("%s is missing or empty", name)
					}
				}
				const most = 45 << 20
				if size := len(files[binary].data); size > most {
					t.Errorf("the binary has %d bytes, more than %d", size, most)
				}
			})
		}
	}
}

func TestChecksumsAreThoseOfTheArchives(t *testing.T) {
	folder := dist(t)
	list, err := os.ReadFile(filepath.Join(folder, "checksums.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(list)), "\n")
	named := map[string]bool{}
	for _, line := range lines {
		want, name, _ := strings.Cut(line, "  ")
		named[name] = true
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Error(err)
			continue
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want {
			t.Errorf("the checksum of %s is another one", name)
		}
	}
	for _, system := range []string{"linux", "darwin", "windows"} {
		for _, architecture := range []string{"amd64", "arm64"} {
			if name := filepath.Base(archive(t, folder, system, architecture)); !named[name] {
				t.Errorf("checksums.txt lacks %s", name)
			}
		}
	}
	if len(lines) != 6 {
		t.Errorf("checksums.txt has %d lines, want one for each of 6 archives", len(lines))
	}
}

func TestTheCaskServesMacOSAndLinux(t *testing.T) {
	folder := dist(t)
	data, err := os.ReadFile(filepath.Join(folder, "homebrew", "Casks", "svctui.rb"))
	if err != nil {
		t.Fatal(err)
	}
	cask := string(data)
	for _, want := range []string{
		`binary "svctui"`, `manpage "man/svctui.1"`, `bash_completion "completions/svctui.bash"`,
		`zsh_completion "completions/_svctui"`, `fish_completion "completions/svctui.fish"`,
		"on_macos do", "on_linux do", "on_intel do", "on_arm do", "com.apple.quarantine",
	} {
		if !strings.Contains(cask, want) {
			t.Errorf("the cask lacks %q", want)
		}
	}
	for _, system := range []string{"darwin_amd64", "darwin_arm64", "linux_amd64", "linux_arm64"} {
		name, architecture, _ := strings.Cut(system, "_")
		data, err := os.ReadFile(archive(t, folder, name, architecture))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		if !strings.Contains(cask, hex.EncodeToString(sum[:])) {
			t.Errorf("the cask lacks the checksum of %s", system)
		}
	}
	if strings.Contains(cask, "depends_on macos") {
		t.Error("the cask depends on macOS, so that Homebrew on Linux would refuse it")
	}
}

func TestTheArchiveForThisMachineRuns(t *testing.T) {
	folder := dist(t)
	if runtime.GOOS == "windows" {
		t.Skip("the tests of releases run where make does")
	}
	files := content(t, archive(t, folder, runtime.GOOS, runtime.GOARCH))
	home := t.TempDir()
	program := filepath.Join(home, "svctui")
	// With the mode that unpacking gives it, so that an archive whose program may not be run is found out.
	if err := os.WriteFile(program, files["svctui"].data, files["svctui"].mode.Perm()); err != nil {
		t.Fatal(err)
	}
	version, err := exec.Command(program, "version").Output()
	if err != nil || !regexp.MustCompile(`^svctui v?\d+\.\d+\.\d+\S* go`).Match(version) {
		t.Errorf("svctui version says %q, %v", version, err)
	}
	diagnose := exec.Command(program, "diagnose", "--demo", "-A", "-o", "json")
	diagnose.Env = append(os.Environ(), "HOME="+home, "KUBECONFIG=")
	out, err := diagnose.Output()
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != 1 {
		t.Errorf("diagnose of the demo ended with %v, want exit code 1", err)
	}
	var report struct {
		APIVersion string
		Services   []struct{ Name, Verdict string }
	}
	if err := json.Unmarshal(out, &report); err != nil || report.APIVersion != "svctui/v1" {
		t.Fatalf("diagnose -o json: %v, apiVersion %q in %.200s", err, report.APIVersion, out)
	}
	failing := map[string]bool{}
	for _, service := range report.Services {
		if service.Verdict == "fail" {
			failing[service.Name] = true
		}
	}
	for _, name := range []string{"checkout", "cart", "web"} {
		if !failing[name] {
			t.Errorf("the demo's %s is not said to fail, only %v", name, slices.Sorted(maps.Keys(failing)))
		}
	}
}
