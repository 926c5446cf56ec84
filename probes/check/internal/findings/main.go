// Command findings writes docs/findings.md from the texts of the checks. It is run by go generate in probes/check.
package main

import (
	"log"
	"os"

	"github.com/svctui/svctui/probes/check"
)

func main() {
	const path = "../../docs/findings.md"
	if err := os.WriteFile(path, []byte(check.FindingsMarkdown()), 0o644); err != nil {
		log.Fatalf("write the findings to %s: %v", path, err)
	}
}
