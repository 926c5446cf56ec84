package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/svctui/svctui/e2e/objects"
)

// gatewayAPIKinds are the kinds of the Gateway API that the cluster serves, as the names of their files end.
var gatewayAPIKinds = []string{"gatewayclasses", "gateways", "httproutes", "grpcroutes", "tlsroutes", "tcproutes", "referencegrants"}

// installGatewayAPI makes the cluster serve the Gateway API, of the standard channel. No controller of it runs: the tests
// write the statuses. It may be called again.
func (c *Cluster) installGatewayAPI(ctx context.Context, moduleDir string) error {
	folder, err := gatewayAPIFolder(ctx, moduleDir)
	if err != nil {
		return err
	}
	config, err := c.RESTConfig()
	if err != nil {
		return err
	}
	client, err := objects.NewClient(config)
	if err != nil {
		return err
	}
	var definitions []string
	for _, kind := range gatewayAPIKinds {
		text, err := os.ReadFile(filepath.Join(folder, "gateway.networking.k8s.io_"+kind+".yaml"))
		if err != nil {
			return fmt.Errorf("cluster: %w", err)
		}
		if _, err := client.Apply(ctx, "", string(text)); err != nil {
			return fmt.Errorf("cluster: %w", err)
		}
		definitions = append(definitions, kind+".gateway.networking.k8s.io")
	}
	return c.waitFor(ctx, 30*time.Second, "the Gateway API", func(ctx context.Context) error {
		for _, name := range definitions {
			definition, err := client.Get(ctx, "", "CustomResourceDefinition", name)
			if err != nil {
				return err
			}
			if !established(definition) {
				return fmt.Errorf("%s is not served yet", name)
			}
		}
		return nil
	})
}

func established(definition *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
	for _, condition := range conditions {
		if fields, ok := condition.(map[string]any); ok && fields["type"] == "Established" {
			return fields["status"] == "True"
		}
	}
	return false
}

// gatewayAPIFolder is where the module of the Gateway API lies in Go's module cache. Its version is that of the go.mod file
// under programs.
func gatewayAPIFolder(ctx context.Context, moduleDir string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", "sigs.k8s.io/gateway-api")
	cmd.Dir = filepath.Join(moduleDir, "programs", "gateway-api")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	output, err := cmd.Output()
	var module struct{ Dir, Error string }
	if decodeErr := json.Unmarshal(output, &module); err == nil {
		err = decodeErr
	}
	if err != nil {
		return "", fmt.Errorf("cluster: go mod download in %s: %w %s", cmd.Dir, err, strings.TrimSpace(module.Error))
	}
	return filepath.Join(module.Dir, "config", "crd", "standard"), nil
}
