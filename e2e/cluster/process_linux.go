package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is the record of a detached program, kept in a file so that another run can find it.
type process struct {
	Name  string   `json:"name"`
	Path  string   `json:"path"`
	Args  []string `json:"args"`
	Netns string   `json:"netns"`
	PID   int      `json:"pid"`
	// Started is the start time in clock ticks since boot: a process ID alone may have been used again.
	Started uint64 `json:"started"`
}

func (c *Cluster) processFile(name string) string { return c.path("processes", name+".json") }

// Log is the path of a process's log, such as "kube-apiserver", "node-1-kubelet".
func (c *Cluster) Log(name string) string { return c.path("logs", name+".log") }

// processOrder is the order in which the processes of a cluster are started, etcd first.
func (c *Cluster) processOrder() []string {
	names := []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}
	for number := 1; number <= c.Nodes; number++ {
		for _, program := range []string{"containerd", "kubelet", "kube-proxy"} {
			names = append(names, fmt.Sprintf("node-%d-%s", number, program))
		}
	}
	return names
}

// start runs a program detached in a node's network namespace and records it.
func (c *Cluster) start(name, program string, n node, arguments []string) error {
	p := &process{Name: name, Path: c.Program(program), Args: arguments, Netns: n.netnsPath()}
	return c.launch(p)
}

func (c *Cluster) launch(p *process) error {
	for _, dir := range []string{c.path("processes"), c.path("logs")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	log, err := os.OpenFile(c.Log(p.Name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	// nsenter replaces itself by the program, so its process ID is the program's.
	cmd := exec.Command("nsenter", append([]string{"--net=" + p.Netns, "--", p.Path}, p.Args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = c.Dir
	cmd.Env = programEnvironment(c.BinDir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cluster: start %s: %w", p.Name, err)
	}
	go func() { _ = cmd.Wait() }() // reaps it while this program still runs; afterwards init does
	p.PID = cmd.Process.Pid
	stat, err := readStat(p.PID)
	if err != nil {
		return fmt.Errorf("cluster: %s ended at once: %w\n%s", p.Name, err, c.logTail(p.Name))
	}
	p.Started = stat.started
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(c.processFile(p.Name), append(data, '\n'), 0o600)
}

// programEnvironment is the caller's environment without what would change the programs' ways:
// proxies would make them leave the cluster's network, Go and Kubernetes settings their behaviour.
func programEnvironment(binDir string) []string {
	env := []string{"PATH=" + binDir + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
	for _, name := range []string{"HOME", "LANG", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

func (c *Cluster) readProcess(name string) (*process, error) {
	data, err := os.ReadFile(c.processFile(name))
	if err != nil {
		return nil, err
	}
	var p process
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("cluster: %s: %w", c.processFile(name), err)
	}
	return &p, nil
}

// running tells whether the recorded process still is that program.
func (p *process) running() bool {
	stat, err := readStat(p.PID)
	return err == nil && stat.state != 'Z' && stat.started == p.Started
}

// Stop ends one process of the cluster, such as "node-1-kubelet" or "kube-apiserver", as a crash of it
// would. StartAgain brings it back.
func (c *Cluster) Stop(ctx context.Context, name string) error {
	p, err := c.readProcess(name)
	if err != nil {
		return c.unknownProcess(name, err)
	}
	return p.end(ctx, syscall.SIGKILL, 0)
}

// StartAgain starts a process that Stop ended, with the arguments it had.
func (c *Cluster) StartAgain(name string) error {
	p, err := c.readProcess(name)
	if err != nil {
		return c.unknownProcess(name, err)
	}
	if p.running() {
		return nil
	}
	return c.launch(p)
}

// Pause stops a process's execution (SIGSTOP), as a hang of it would; Resume lets it run on.
func (c *Cluster) Pause(name string) error { return c.signal(name, syscall.SIGSTOP) }

// Resume lets a paused process run on.
func (c *Cluster) Resume(name string) error { return c.signal(name, syscall.SIGCONT) }

func (c *Cluster) signal(name string, signal syscall.Signal) error {
	p, err := c.readProcess(name)
	if err != nil {
		return c.unknownProcess(name, err)
	}
	if !p.running() {
		return fmt.Errorf("cluster: %s is not running", name)
	}
	return syscall.Kill(p.PID, signal)
}

func (c *Cluster) unknownProcess(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cluster: no process is called %q; there are %s", name, strings.Join(c.processOrder(), ", "))
	}
	return err
}

// end asks a process to stop, kills it after the grace period, and waits until it is gone.
func (p *process) end(ctx context.Context, first syscall.Signal, grace time.Duration) error {
	if !p.running() {
		return nil
	}
	_ = syscall.Kill(p.PID, first)
	if first != syscall.SIGKILL {
		_ = syscall.Kill(p.PID, syscall.SIGCONT) // a paused process would never see it
		if poll(ctx, grace, func() bool { return !p.running() }) {
			return nil
		}
		_ = syscall.Kill(p.PID, syscall.SIGKILL)
	}
	if !poll(ctx, 10*time.Second, func() bool { return !p.running() }) {
		return fmt.Errorf("cluster: %s (process %d) does not end", p.Name, p.PID)
	}
	return nil
}

// poll looks every 20 ms until the condition holds (true), or the time or the context ends (false).
func poll(ctx context.Context, limit time.Duration, condition func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			return condition()
		case <-tick.C:
		}
	}
	return true
}

type stat struct {
	state   byte
	parent  int
	started uint64
}

// readStat reads /proc/PID/stat. The second field is the program's name in brackets, which may itself
// contain spaces and brackets, so counting starts after the last closing one.
func readStat(pid int) (stat, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
	if len(fields) < 20 {
		return stat{}, fmt.Errorf("cluster: /proc/%d/stat has %d fields", pid, len(fields))
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return stat{}, err
	}
	started, err := strconv.ParseUint(fields[19], 10, 64)
	return stat{state: fields[0][0], parent: parent, started: started}, err
}

// strays finds programs of a cluster in this state directory by their command lines, recorded or not:
// the shims of its containers, and what a run that crashed has left behind.
func strays(dir, binDir string) ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		executable, err := os.Readlink(filepath.Join("/proc", entry.Name(), "exe"))
		if err != nil || filepath.Dir(strings.TrimSuffix(executable, " (deleted)")) != binDir {
			continue
		}
		commandLine, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		if err != nil || !mentions(commandLine, dir) {
			continue
		}
		stat, err := readStat(pid)
		if err != nil || stat.state == 'Z' {
			continue
		}
		name := filepath.Base(strings.TrimSuffix(executable, " (deleted)"))
		if name == "kubectl" || name == "ctr" {
			continue // a person's, and it ends by itself
		}
		found = append(found, process{Name: name, Path: executable, PID: pid, Started: stat.started})
	}
	return found, nil
}

// mentions tells whether an argument names the directory or something in it.
func mentions(commandLine []byte, dir string) bool {
	for argument := range bytes.SplitSeq(commandLine, []byte{0}) {
		if _, value, found := bytes.Cut(argument, []byte(dir)); found && (len(value) == 0 || value[0] == '/') {
			return true
		}
	}
	return false
}

// children are the direct children of a process.
func (p process) children() []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var found []process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if stat, err := readStat(pid); err == nil && stat.parent == p.PID && stat.state != 'Z' {
			found = append(found, process{Name: "container of " + p.Name, PID: pid, Started: stat.started})
		}
	}
	return found
}

// logTail is the end of a process's log, for an error message.
func (c *Cluster) logTail(name string) string {
	data, err := os.ReadFile(c.Log(name))
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return c.Log(name) + ":\n  " + strings.Join(lines[max(0, len(lines)-12):], "\n  ")
}

// firstStopped names a process of the cluster that does not run, or is empty.
func (c *Cluster) firstStopped() string {
	names := c.processOrder()
	index := slices.IndexFunc(names, func(name string) bool {
		p, err := c.readProcess(name)
		return err != nil || !p.running()
	})
	if index < 0 {
		return ""
	}
	return names[index]
}
