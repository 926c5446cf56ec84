package cluster

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

const versionPackage = "k8s.io/component-base/version"

var kubernetesVersion = regexp.MustCompile(`k8s\.io/kubernetes v((\d+)\.(\d+)\.\d+)`)

// buildPrograms compiles the cluster's programs into the module's folder bin. Their versions are
// those of the go.mod files under programs. With a warm build cache it is a matter of seconds, cold
// it takes some fourteen minutes on two cores.
func buildPrograms(ctx context.Context, moduleDir string) (binDir string, err error) {
	binDir = filepath.Join(moduleDir, "bin")
	programs := filepath.Join(moduleDir, "programs")
	goMod, err := os.ReadFile(filepath.Join(programs, "kubernetes", "go.mod"))
	if err != nil {
		return "", fmt.Errorf("cluster: %w", err)
	}
	version := kubernetesVersion.FindSubmatch(goMod)
	if version == nil {
		return "", fmt.Errorf("cluster: %s/kubernetes/go.mod does not require k8s.io/kubernetes", programs)
	}
	// A program that does not know its version calls itself v0.0.0-master, which kubelet and clients take for real.
	set := func(name string, value []byte) string {
		return fmt.Sprintf(" -X %s.%s=%s", versionPackage, name, value)
	}
	stamp := "-s -w" + set("gitVersion", append([]byte("v"), version[1]...)) + set("gitMajor", version[2]) +
		set("gitMinor", version[3]) + set("gitTreeState", []byte("clean"))

	for _, build := range []struct{ module, target, ldflags, pkg string }{
		{"containerd", binDir + "/", "-s -w", "tool"},
		{"etcd", filepath.Join(binDir, "etcd"), "-s -w", "go.etcd.io/etcd/server/v3"},
		{"kubernetes", binDir + "/", stamp, "tool"},
	} {
		dir := filepath.Join(programs, build.module)
		if err := goBuild(ctx, dir, build.target, build.ldflags, build.pkg); err != nil {
			return "", err
		}
	}
	return binDir, nil
}

// goBuild runs `go build -o target -ldflags ldflags pkg` in dir, static and for this machine.
func goBuild(ctx context.Context, dir, target, ldflags, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", target, "-ldflags", ldflags, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cluster: go build %s in %s: %w\n%s", pkg, dir, err, strings.TrimSpace(output.String()))
	}
	return nil
}
