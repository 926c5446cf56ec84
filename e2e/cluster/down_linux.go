package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Down ends the cluster of a state directory (DefaultDir() when empty) and removes everything it
// made: processes, containers, mounts, network namespaces, folders. It is harmless when there is
// nothing, and it removes what a crashed run left behind.
func Down(ctx context.Context, options Options) error {
	options, err := options.withDefaults()
	if err != nil {
		return err
	}
	if err := checkMachine(); err != nil {
		return err
	}
	unlock, err := lock(ctx, options.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	binDir := ""
	if c, err := Open(options.Dir); err == nil {
		binDir = c.BinDir
	} else if moduleDir, err := FindModuleDir(); err == nil {
		binDir = filepath.Join(moduleDir, "bin")
	}
	return remove(ctx, options.Dir, binDir)
}

// remove ends whatever runs for the state directory and deletes it. etcd goes last: the others
// cannot end in order without it.
func remove(ctx context.Context, dir, binDir string) error {
	if err := checkRemovable(dir); err != nil {
		return err
	}
	var problems []error
	note := func(err error) {
		if err != nil {
			problems = append(problems, err)
		}
	}
	recorded := recordedProcesses(dir)
	endAll := func(programs ...string) {
		for _, program := range programs {
			for _, p := range recorded {
				if filepath.Base(p.Path) == program {
					note(p.end(ctx, syscall.SIGTERM, 5*time.Second))
				}
			}
			found, err := strays(dir, binDir)
			note(err)
			for _, p := range found {
				if p.Name == program {
					note(p.end(ctx, syscall.SIGTERM, 5*time.Second))
				}
			}
		}
	}
	endAll("kubelet", "kube-proxy") // before the containers, which kubelet would start again
	containers := containerIDs(dir)
	note(endContainers(ctx, dir, binDir))
	endAll("containerd", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd")

	note(unmountBelow(dir))
	removeControlGroups(containers)
	note(removeNamespaces(ctx, dir))
	removeLinksInto("/var/log/containers", dir)
	removeDevicePluginFolder()
	note(os.RemoveAll(dir))
	return errors.Join(problems...)
}

// checkRemovable refuses to delete a folder that is not a cluster's.
func checkRemovable(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, stateFile)); err != nil {
		return fmt.Errorf("cluster: %s is not a cluster's state directory (it has no %s), so it is left alone: set %s to another path", dir, stateFile, DirVariable)
	}
	return nil
}

func recordedProcesses(dir string) []*process {
	c := &Cluster{Dir: dir}
	files, _ := filepath.Glob(c.processFile("*"))
	var found []*process
	for _, file := range files {
		if p, err := c.readProcess(strings.TrimSuffix(filepath.Base(file), ".json")); err == nil {
			found = append(found, p)
		}
	}
	return found
}

// endContainers kills the containers of the state directory, whose parents are the shims. While
// containerd still runs, it then deletes them itself; the shims are ended afterwards.
func endContainers(ctx context.Context, dir, binDir string) error {
	shims, err := strays(dir, binDir)
	if err != nil {
		return err
	}
	shims = slices.DeleteFunc(shims, func(p process) bool { return !strings.HasPrefix(p.Name, "containerd-shim") })
	var containers []process
	for _, shim := range shims {
		containers = append(containers, shim.children()...)
	}
	for _, container := range containers {
		_ = syscall.Kill(container.PID, syscall.SIGKILL)
	}
	if runs(dir, binDir, "containerd") {
		poll(ctx, 5*time.Second, func() bool { return len(containerIDs(dir)) == 0 })
	}
	for _, shim := range shims {
		if err := shim.end(ctx, syscall.SIGKILL, 0); err != nil {
			return err
		}
	}
	return nil
}

func runs(dir, binDir, program string) bool {
	found, err := strays(dir, binDir)
	return err == nil && slices.ContainsFunc(found, func(p process) bool { return p.Name == program })
}

// containerIDs are the containers that containerd knows of, on all nodes.
func containerIDs(dir string) []string {
	folders, _ := filepath.Glob(filepath.Join(dir, "node-*", "state", "io.containerd.runtime.v2.task", "k8s.io", "*"))
	ids := make([]string, len(folders))
	for i, folder := range folders {
		ids[i] = filepath.Base(folder)
	}
	return ids
}

// unmountBelow unmounts everything in the directory, the innermost first.
func unmountBelow(dir string) error {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	defer file.Close()
	var points []string
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		if fields := strings.Fields(scanner.Text()); len(fields) > 4 && strings.HasPrefix(fields[4], dir+"/") {
			points = append(points, strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace(fields[4]))
		}
	}
	var problems []error
	for _, point := range slices.Backward(points) {
		if err := unix.Unmount(point, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
			problems = append(problems, fmt.Errorf("cluster: unmount %s: %w", point, err))
		}
	}
	return errors.Join(problems...)
}

// removeControlGroups deletes the groups of containers whose runtime did not come to it.
func removeControlGroups(containers []string) {
	for _, id := range containers {
		for _, pattern := range []string{"/sys/fs/cgroup/*/*/" + id, "/sys/fs/cgroup/*/" + id} {
			groups, _ := filepath.Glob(pattern)
			for _, group := range groups {
				_ = os.Remove(group)
			}
		}
	}
}

func removeNamespaces(ctx context.Context, dir string) error {
	c := &Cluster{Dir: dir}
	c.laptop().Close()
	var problems []error
	for number := 1; number <= 9; number++ {
		n := c.node(number)
		if _, err := os.Stat(n.netnsPath()); err == nil {
			problems = append(problems, ip(ctx, "netns", "delete", n.netns))
		}
	}
	return errors.Join(problems...)
}

// removeLinksInto removes the links that kubelet makes in a folder of the machine's.
func removeLinksInto(folder, dir string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	for _, entry := range entries {
		link := filepath.Join(folder, entry.Name())
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, dir+"/") {
			_ = os.Remove(link)
		}
	}
}

// removeDevicePluginFolder removes the one folder that kubelet makes whatever its --root-dir is, unless
// a kubelet of the machine's own keeps anything else beside it.
func removeDevicePluginFolder() {
	const root, plugins = "/var/lib/kubelet", "/var/lib/kubelet/device-plugins"
	if entries, err := os.ReadDir(root); err != nil || len(entries) != 1 {
		return
	}
	_ = os.Remove(plugins + "/kubelet.sock")
	_ = os.Remove(plugins) // both fail, as they should, if something else is in them
	_ = os.Remove(root)
}
