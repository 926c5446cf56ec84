// Package image makes images of one static program without a registry or a container engine.
package image

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

const workloadProgram = "workload"

// Write builds the program in moduleDir/workload for Linux and this machine's processor, and writes
// an archive in the format of `docker save` with it under two tags: workloadTag starts it with a Pod's
// arguments, pauseTag as the container that holds a Pod's namespaces. It returns the digest of the
// program, which is the same for the same source. An archive of that digest is not written again.
func Write(ctx context.Context, moduleDir, archive, workloadTag, pauseTag string) (digest string, err error) {
	program, err := build(ctx, moduleDir)
	if err != nil {
		return "", err
	}
	return archiveOf(program, archive, map[string][]string{
		workloadTag: {"/" + workloadProgram},
		pauseTag:    {"/" + workloadProgram, "pause"},
	})
}

// WriteProgram writes an archive with a static program as the image of that tag, as Write does.
func WriteProgram(program, archive, tag string) (digest string, err error) {
	binary, err := os.ReadFile(program)
	if err != nil {
		return "", fmt.Errorf("image: %w", err)
	}
	return archiveOf(binary, archive, map[string][]string{tag: {"/" + filepath.Base(program)}})
}

// WriteBusyBox writes an archive with a static BusyBox as the image of that tag, with a link in /bin for each of the applets, as Write does.
func WriteBusyBox(program, archive, tag string, applets ...string) (digest string, err error) {
	binary, err := os.ReadFile(program)
	if err != nil {
		return "", fmt.Errorf("image: %w", err)
	}
	return archiveOf(binary, archive, map[string][]string{tag: {"/bin/busybox"}}, applets...)
}

// archiveOf writes the program under each tag, with that tag's entrypoint, whose first word is its path.
// Links to it are laid beside it.
func archiveOf(program []byte, archive string, entrypoints map[string][]string, links ...string) (digest string, err error) {
	sum := sha256.Sum256(program)
	digest = hex.EncodeToString(sum[:])
	digestFile := archive + ".digest"
	if last, err := os.ReadFile(digestFile); err == nil && string(last) == digest {
		return digest, nil
	}
	images := map[name.Tag]v1.Image{}
	for reference, entrypoint := range entrypoints {
		tag, err := name.NewTag(reference)
		if err != nil {
			return "", fmt.Errorf("image: %w", err)
		}
		if images[tag], err = oneLayer(program, entrypoint, links); err != nil {
			return "", fmt.Errorf("image: %s: %w", reference, err)
		}
	}
	if err := tarball.MultiWriteToFile(archive, images); err != nil {
		return "", fmt.Errorf("image: write %s: %w", archive, err)
	}
	return digest, os.WriteFile(digestFile, []byte(digest), 0o600)
}

func build(ctx context.Context, moduleDir string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "svctui-workload-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	target := filepath.Join(dir, workloadProgram)
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath", "-ldflags", "-s -w", "-o", target, "./workload")
	cmd.Dir = moduleDir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+runtime.GOARCH, "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("image: go build ./workload: %w\n%s", err, strings.TrimSpace(string(output)))
	}
	return os.ReadFile(target)
}

func oneLayer(program []byte, entrypoint, links []string) (v1.Image, error) {
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	// A world-writable /tmp, for the files by which a test switches readiness.
	if err := writer.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "tmp/", Mode: 0o1777}); err != nil {
		return nil, err
	}
	if err := writer.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(entrypoint[0], "/"), Mode: 0o755, Size: int64(len(program))}); err != nil {
		return nil, err
	}
	if _, err := writer.Write(program); err != nil {
		return nil, err
	}
	for _, link := range links {
		at := path.Join(path.Dir(entrypoint[0]), link)
		header := &tar.Header{Typeflag: tar.TypeSymlink, Name: strings.TrimPrefix(at, "/"), Linkname: entrypoint[0], Mode: 0o777}
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(archive.Bytes())), nil
	})
	if err != nil {
		return nil, err
	}
	img, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", runtime.GOARCH
	config.Config.Entrypoint = entrypoint
	return mutate.ConfigFile(img, config)
}
