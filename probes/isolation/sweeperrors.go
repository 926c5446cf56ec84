package isolation

import (
	"fmt"
	"regexp"

	"github.com/svctui/svctui/probes/check"
)

// httpStatus is how an application that answers in HTTP is told of: by its status.
var httpStatus = regexp.MustCompile(`^(?:HTTP )?([1-5])\d\d(?: |$)`)

// answersError tells whether it answers with an error of the application's own.
func (c *Cell) answersError() bool { return c.status() >= "4" }

// answersWell tells whether it answers in HTTP, and with no error.
func (c *Cell) answersWell() bool { return c.status() != "" && c.status() < "4" }

// status is the first digit of the HTTP status that it answers with; empty where it answers none.
func (c *Cell) status() string {
	if found := httpStatus.FindStringSubmatch(c.Text); c.Mark == check.MarkOK && found != nil {
		return found[1]
	}
	return ""
}

// markErrors marks those cells that answer with an error, where the same port of another Pod answers without: the Service leads to both, and its
// clients get the error now and then.
func (r *SweepResult) markErrors() {
	well := map[string]bool{}
	for _, pod := range r.Pods {
		for i := range pod.Cells {
			if cell := &pod.Cells[i]; pod.Idle == "" && !cell.NoTraffic && cell.answersWell() {
				well[cell.Port] = true
			}
		}
	}
	for _, pod := range r.Pods {
		for i := range pod.Cells {
			cell := &pod.Cells[i]
			cell.errorAlone = pod.Idle == "" && !cell.NoTraffic && well[cell.Port] && cell.answersError()
		}
	}
}

// errorsOfSome says which Pods answer with an error where others do not; empty for none.
func (r *SweepResult) errorsOfSome() string {
	var names []string
	said := ""
	for _, pod := range r.Pods {
		for i := range pod.Cells {
			if cell := &pod.Cells[i]; cell.errorAlone {
				if len(names) == 0 || names[len(names)-1] != pod.Name {
					names = append(names, pod.Name)
				}
				switch said {
				case "", cell.Text:
					said = cell.Text
				default:
					said = "an error"
				}
			}
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%s say%s %s where others do not", few(names, 3), thirdPerson(len(names)), said)
}
