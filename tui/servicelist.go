package tui

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/sahilm/fuzzy"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
)

// serviceList is the list of Services without its drawing: which rows there are, in which order, which one is
// selected. It holds on to Services, never to positions.
//
// Until the person touches it the worst Service is on top and selected. From then on the order is frozen: a
// row keeps the place that its verdict had when it was last sorted, and waiting counts what that hides.
type serviceList struct {
	// all is sorted by key, like State.Reports.
	all []*serviceRow
	// shown is all, filtered and ordered.
	shown []*serviceRow

	by         serviceColumn
	descending bool
	// frozen keeps the order; chosen says that the person has touched the list, and so the selection stays.
	frozen, chosen bool

	filter     string
	brokenOnly bool

	selected *serviceRow
	// index is the position of selected among shown, zero when there is none.
	index int
	// offset is the first row that is drawn, page how many fit; set by view's layout through scroll.
	offset, page int

	widths [serviceColumns]int

	// lost is the Service that was selected before the connection was opened anew, or that is to be as soon as it is read; nil once it was
	// found.
	lost *model.Key
}

func newServiceList() serviceList { return serviceList{by: columnHealth, page: 1} }

// take follows a new state. known adds to a report what is known besides, and returns the report itself where that is nothing.
func (l *serviceList) take(state *engine.State, known func(*check.Report) *check.Report) {
	if state == nil {
		lost := l.lost
		if l.chosen && l.selected != nil {
			lost = &l.selected.key
		}
		*l = serviceList{by: l.by, descending: l.descending, filter: l.filter, brokenOnly: l.brokenOnly, page: l.page, lost: lost}
		return
	}
	services := servicesOf(state)
	reports := state.Reports
	next := make([]*serviceRow, 0, len(reports))
	changed := len(reports) != len(l.all)
	old, at := l.all, 0
	for i, report := range reports {
		for at < len(old) && old[at].key.Compare(report.Key) < 0 {
			at++
			changed = true
		}
		var row *serviceRow
		if at < len(old) && old[at].key == report.Key {
			row = old[at]
			at++
		}
		switch {
		case row == nil:
			row = &serviceRow{judged: report}
			row.fill(known(report), services(i, report.Key))
			row.place = row.current()
			changed = true
		default:
			service, full := services(i, report.Key), known(report)
			if row.judged != report || row.service != service || full != report || row.report != row.judged {
				row.judged = report
				row.fill(full, service)
				// What is shown depends on more than the place: the filter looks into texts.
				changed = changed || l.filter != "" || l.brokenOnly || (!l.frozen && row.place != row.current())
			}
		}
		next = append(next, row)
	}
	l.all = next
	if !l.frozen {
		l.settlePlaces()
	}
	if changed {
		l.rebuild()
	} else {
		l.measure()
	}
	if l.lost != nil && l.find(*l.lost) {
		l.lost, l.chosen = nil, true
	} else if state.Settled {
		l.lost = nil
	}
}

// servicesOf returns a look-up of the i-th report's Service. Reports and Services are both sorted by key, so
// it walks along instead of searching.
func servicesOf(state *engine.State) func(int, model.Key) *corev1.Service {
	list := state.Snapshot.Services(state.Scope)
	at := 0
	return func(_ int, key model.Key) *corev1.Service {
		for at < len(list) {
			have := model.Key{Namespace: list[at].Namespace, Name: list[at].Name}
			switch have.Compare(key) {
			case 0:
				return list[at]
			case 1:
				return nil
			}
			at++
		}
		// A report of another scope than the list's: a Service that is asked for by name.
		return state.Snapshot.Service(key)
	}
}

func (l *serviceList) settlePlaces() {
	for _, row := range l.all {
		row.place = row.current()
	}
}

// freeze keeps the order from now on, and the selection.
func (l *serviceList) freeze() { l.frozen, l.chosen = true, true }

// sort orders by what is known now. The order stays live until the person moves again.
func (l *serviceList) sort() {
	l.settlePlaces()
	l.frozen = false
	l.rebuild()
}

// sortBy orders by a column; the same column again turns the order around.
func (l *serviceList) sortBy(c serviceColumn) {
	if l.by == c {
		l.descending = !l.descending
	} else {
		l.by, l.descending = c, false
	}
	l.settlePlaces()
	l.rebuild()
}

// waiting counts what a sort would move: Services that broke since, and others whose verdict is another.
func (l *serviceList) waiting() (broken, others int) {
	if !l.frozen || l.by != columnHealth {
		return 0, 0
	}
	for _, row := range l.shown {
		switch verdict := row.report.Verdict; {
		case verdict == row.place.verdict:
		case verdict == check.Fail:
			broken++
		default:
			others++
		}
	}
	return broken, others
}

func (l *serviceList) setFilter(filter string) {
	l.filter = filter
	l.rebuild()
}

// rebuild filters and orders anew, and finds the selection again.
func (l *serviceList) rebuild() {
	match := newFilter(l.filter)
	shown := make([]*serviceRow, 0, len(l.all))
	for _, row := range l.all {
		if l.brokenOnly && row.report.Verdict < check.Warn && row.place.verdict < check.Warn {
			continue
		}
		if match(row) {
			shown = append(shown, row)
		}
	}
	slices.SortStableFunc(shown, l.compare)
	l.shown = shown
	l.measure()

	line := l.index - l.offset
	was := l.index
	found := -1
	if l.chosen && l.selected != nil {
		found = slices.Index(shown, l.selected)
	}
	switch {
	case found >= 0:
		l.index = found
		l.offset = l.index - line
	case l.chosen:
		l.index = was
	default:
		l.index, l.offset = 0, 0
	}
	l.moveTo(l.index)
}

func (l *serviceList) compare(a, b *serviceRow) int {
	var c int
	switch l.by {
	case columnHealth:
		c = cmp.Or(cmp.Compare(b.place.verdict, a.place.verdict), cmp.Compare(b.place.severity, a.place.severity))
	case columnReady:
		c = cmp.Or(cmp.Compare(a.place.usable, b.place.usable), cmp.Compare(b.place.selected, a.place.selected))
	case columnSince:
		c = b.report.Since.Compare(a.report.Since)
	case columnAge:
		c = created(b).Compare(created(a))
	case columnName:
		c = cmp.Compare(a.key.Name, b.key.Name)
	case columnNamespace:
	default:
		c = cmp.Compare(a.text[l.by], b.text[l.by])
	}
	if l.descending {
		c = -c
	}
	// Rows come in the order of keys, and the sort is stable: namespace and name decide the rest.
	if c == 0 && l.descending && l.by == columnNamespace {
		return -cmp.Compare(a.key.Namespace, b.key.Namespace)
	}
	return c
}

func (l *serviceList) measure() {
	l.widths = [serviceColumns]int{}
	for _, row := range l.shown {
		for c, w := range row.width {
			if w > l.widths[c] {
				l.widths[c] = w
			}
		}
	}
}

// moveTo selects a position, the nearest there is.
func (l *serviceList) moveTo(index int) {
	l.index = min(max(index, 0), max(len(l.shown)-1, 0))
	l.selected = nil
	if len(l.shown) > 0 {
		l.selected = l.shown[l.index]
	}
	l.scroll(l.page)
}

// find selects a Service; it reports whether it is shown.
func (l *serviceList) find(key model.Key) bool {
	for i, row := range l.shown {
		if row.key == key {
			l.moveTo(i)
			return true
		}
	}
	return false
}

// goTo selects a Service as a person does who opens it, as soon as it is read.
func (l *serviceList) goTo(key model.Key) {
	if l.find(key) {
		l.freeze()
		return
	}
	l.lost = &key
}

// scroll keeps the selection on a screen of so many rows.
func (l *serviceList) scroll(page int) {
	l.page = max(page, 1)
	l.offset = min(l.offset, l.index)
	l.offset = max(l.offset, l.index-l.page+1)
	l.offset = max(min(l.offset, len(l.shown)-l.page), 0)
}

// sums counts the verdicts of all rows.
func (l *serviceList) sums() (sums [check.Fail + 1]int) {
	for _, row := range l.all {
		sums[row.report.Verdict]++
	}
	return sums
}

// newFilter reads a filter as k9s users write it: words that must all occur, !TEXT for what must not, -f TEXT
// for letters in that order in the name, -l KEY=VALUE[,KEY] for labels of the Service.
func newFilter(filter string) func(*serviceRow) bool {
	filter = strings.TrimSpace(filter)
	if text, ok := strings.CutPrefix(filter, "-f"); ok && (text == "" || text[0] == ' ') {
		text = strings.TrimSpace(text)
		return func(r *serviceRow) bool { return text == "" || len(fuzzy.Find(text, []string{r.key.Name})) > 0 }
	}
	if text, ok := strings.CutPrefix(filter, "-l"); ok && (text == "" || text[0] == ' ') {
		return labelFilter(strings.TrimSpace(text))
	}
	inverse := false
	if text, ok := strings.CutPrefix(filter, "!"); ok {
		inverse, filter = true, text
	}
	words := strings.Fields(strings.ToLower(filter))
	if len(words) == 0 {
		return func(*serviceRow) bool { return true }
	}
	return func(r *serviceRow) bool {
		for _, word := range words {
			if !strings.Contains(r.search(), word) {
				return inverse
			}
		}
		return !inverse
	}
}

func labelFilter(text string) func(*serviceRow) bool {
	wants := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	return func(r *serviceRow) bool {
		if r.service == nil {
			return len(wants) == 0
		}
		for _, want := range wants {
			key, value, valued := strings.Cut(strings.Replace(want, "==", "=", 1), "=")
			have, ok := r.service.Labels[key]
			if !ok || valued && have != value {
				return false
			}
		}
		return true
	}
}

func sortedPairs(labels map[string]string) []string {
	pairs := make([]string, 0, len(labels))
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		pairs = append(pairs, key+"="+labels[key])
	}
	return pairs
}
