package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// programs are what the test binary can be started as.
var programs = map[string]func(){"svctui": main}

// TestMain makes this test binary be svctui where a script or a test starts it as that.
func TestMain(m *testing.M) {
	testscript.Main(m, programs)
}

// TestScripts runs the command lines under testdata/script: what is printed where, and the exit codes. -update writes
// what is compared.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			// No kubeconfig and no Pod around the test.
			for _, name := range []string{"KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "KUBERNETES_MASTER"} {
				env.Setenv(name, "")
			}
			env.Setenv("HOME", env.WorkDir)
			return os.MkdirAll(env.WorkDir, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code},
	})
}

// code runs svctui and checks its exit code: code 2 diagnose --nonsense.
func code(ts *testscript.TestScript, neg bool, arguments []string) {
	if neg || len(arguments) < 1 {
		ts.Fatalf("usage: code N ARGUMENT...")
	}
	err := ts.Exec("svctui", arguments[1:]...)
	got := "0"
	if exit, ok := err.(interface{ ExitCode() int }); ok {
		got = string(rune('0' + exit.ExitCode()))
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != arguments[0] {
		ts.Fatalf("exit code %s, want %s", got, arguments[0])
	}
}

// BenchmarkVersion starts the program and ends it: what every command costs before it does anything.
func BenchmarkVersion(b *testing.B) {
	for b.Loop() {
		if err := exec.Command("svctui", "version").Run(); err != nil {
			b.Fatal(err)
		}
	}
}
