package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/svctui/svctui/e2e/harness"
)

// What is shown goes away, or was never there.

func TestServiceIsDeletedWhileOpen(t *testing.T) {
	c := harness.Use(t)
	namespace := startTwo(t, c)
	screen := c.Terminal(t, 120, 40, "alpha", "-n", namespace)
	screen.WaitFor("1/1 ready", 20*time.Second)
	screen.WaitFor("The one endpoint", 20*time.Second)
	c.Delete(t, namespace, "Service", "alpha")
	screen.WaitFor("This Service was deleted at ", 20*time.Second)
	screen.WaitFor("this is its last state", 10*time.Second)
	screen.Send("q")
	screen.WaitFor("HEALTH", 10*time.Second)
	waitForRow(screen, "zeta", ".", 10*time.Second)
	screen.WaitUntil("alpha's row to go", 10*time.Second, func(shown string) bool {
		row := rowOf(shown, "alpha")
		return row == "" || strings.HasPrefix(row, "✗") // it was asked for by name
	})
	leave(t, screen)
}

func TestNamespaceThatDoesNotExist(t *testing.T) {
	c := harness.Use(t)
	result := c.Svctui(t, "diagnose", "-n", "no-such-namespace")
	checkRefusal(t, result, "there is no namespace no-such-namespace")
	result = c.Svctui(t, "diagnose", "-n", "defaul")
	checkRefusal(t, result, "did you mean default?")
	screen := c.Terminal(t, 120, 40, "-n", "no-such-namespace")
	screen.WaitFor("The namespace no-such-namespace does not exist.", 20*time.Second)
	screen.WaitFor("Namespaces of this cluster: ", 10*time.Second)
	leave(t, screen)
}

func TestNamespaceIsDeletedWhileShown(t *testing.T) {
	c := harness.Use(t)
	namespace := c.Namespace(t)
	c.Apply(t, namespace, byHand)
	screen := c.Terminal(t, 120, 40, "-n", namespace)
	waitForRow(screen, "by-hand", " 2/2 ", 20*time.Second)
	if err := c.DeleteNamespace(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	screen.WaitFor("There is no Service in namespace "+namespace, time.Minute)
	screen.Send("0")
	screen.WaitFor("NAMESPACE", 20*time.Second)
	leave(t, screen)
}
