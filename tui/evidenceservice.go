package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// drawFacts draws step 1: the Service itself.
func drawFacts(t *theme, f *check.Facts, now time.Time, width int) []string {
	if f.Type == "" {
		return append([]string{t.dim.on("There is no such Service to look at.")}, drawReferrers(t, f.Referrers, width)...)
	}
	p := &pairs{t: t, width: width, label: 10}
	p.add("TYPE", t.strong, clean(f.Type))
	p.add("ADDRESS", t.text, clean(strings.Join(f.ClusterIPs, "  ")))
	if f.Pending {
		p.add("EXTERNAL", t.warn, "<pending>")
	}
	p.add("EXTERNAL", t.text, clean(strings.Join(f.External, "  ")))
	p.add("STANDS FOR", t.text, clean(f.ExternalName))
	p.add("DNS", t.text, clean(strings.Join(f.DNS, "  ")))
	p.add("REACHED", t.text, clean(f.Reach))
	made := []string{"created " + age(f.Created, now) + " ago"}
	for _, field := range []struct {
		name   string
		change model.FieldChange
	}{{"selector", f.SelectorChanged}, {"ports", f.PortsChanged}, {"type", f.TypeChanged}} {
		// Who made the Service wrote all of its fields; that is no change.
		if text := changedText(field.change, now); text != "" && field.change.At.Sub(f.Created) > time.Minute {
			made = append(made, field.name+" changed "+text)
		}
	}
	if f.ManagedBy != "" {
		made = append(made, "managed by "+clean(f.ManagedBy))
	}
	p.add("AGE", t.dim, strings.Join(made, " · "))
	lines := p.lines
	if len(f.Ports) > 0 {
		lines = append(lines, "")
		lines = append(lines, drawPorts(t, f, width)...)
	}
	lines = append(lines, drawReferrers(t, f.Referrers, width)...)
	if len(f.Lines) > 0 {
		lines = append(lines, "", t.heading.on("SETTINGS"))
		for _, fact := range f.Lines {
			lines = append(lines, t.text.on(cut(clean(fact.Name)+": "+clean(fact.Value), width)))
			for _, line := range wrap(clean(fact.Meaning), width-2) {
				lines = append(lines, "  "+t.dim.on(line))
			}
		}
	}
	return lines
}

// drawReferrers lists who refers to the Service, nothing where nobody is known to.
func drawReferrers(t *theme, referrers []string, width int) []string {
	if len(referrers) == 0 {
		return nil
	}
	lines := []string{"", t.heading.on("REFERRED TO BY")}
	for _, referrer := range referrers {
		lines = append(lines, t.text.on(cut(clean(referrer), width)))
	}
	return lines
}

func drawPorts(t *theme, f *check.Facts, width int) []string {
	g := grid{heading: []string{"PORT", "NAME", "NODEPORT", "TARGETPORT", "LEADS TO"}}
	nowhere := cell{text: "no Pod known", style: t.dim}
	if f.ExternalName != "" {
		nowhere.text = clean(f.ExternalName) + ", whatever listens there"
	}
	for i := range f.Ports {
		p := &f.Ports[i]
		row := []cell{
			{text: fmt.Sprintf("%d/%s", p.Port, clean(p.Protocol)), style: t.strong},
			{text: orNone(p.Name), style: t.text},
			{text: glyphNone, style: t.dim},
			{text: orNone(p.TargetPort), style: t.text},
			nowhere,
		}
		if p.NodePort != 0 {
			row[2] = cell{text: fmt.Sprint(p.NodePort), style: t.text}
		}
		for j, r := range p.Resolved {
			if j > 0 {
				g.rows = append(g.rows, row)
				row = []cell{{}, {}, {}, {}, {}}
			}
			row[4] = resolvedCell(t, r)
		}
		g.rows = append(g.rows, row)
	}
	return g.draw(t, width)
}

func resolvedCell(t *theme, r check.ResolvedPort) cell {
	pods := count(r.Pods, "Pod", "Pods")
	switch {
	case r.Number == 0:
		return cell{text: "no such port on " + pods, style: t.fail}
	case r.Container == "":
		return cell{text: fmt.Sprintf("%d on %s", r.Number, pods), style: t.text}
	default:
		return cell{text: fmt.Sprintf("%d (container %s) on %s", r.Number, clean(r.Container), pods), style: t.text}
	}
}

func orNone(text string) string {
	if text == "" {
		return glyphNone
	}
	return clean(text)
}
