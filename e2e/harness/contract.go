package harness

// Diagnosis is the output of `svctui diagnose -o json`, as scripts read it. It is written down here once
// more, apart from the product, so that a change of the contract breaks a test.
type Diagnosis struct {
	APIVersion string             `json:"apiVersion"`
	Context    string             `json:"context"`
	Summary    Summary            `json:"summary"`
	Services   []DiagnosedService `json:"services"`
}

// Summary counts the Services by verdict.
type Summary struct {
	Services, Fail, Warn, Unknown, OK int
}

// DiagnosedService is one Service with its findings, the cause first.
type DiagnosedService struct {
	Namespace string      `json:"namespace"`
	Name      string      `json:"name"`
	Type      string      `json:"type"`
	Verdict   string      `json:"verdict"`
	Findings  []Finding   `json:"findings"`
	Unchecked []Unchecked `json:"unchecked"`
}

// Finding is one thing that is wrong, or worth knowing.
type Finding struct {
	ID         string `json:"id"`
	Severity   string `json:"severity"`
	Confidence string `json:"confidence"`
	Title      string `json:"title"`
	Why        string `json:"why"`
	Cause      *struct {
		Text       string `json:"text"`
		Confidence string `json:"confidence"`
	} `json:"cause"`
	Evidence []struct {
		Kind, Namespace, Name, Field, Value string
	} `json:"evidence"`
	Fix *struct {
		Command string `json:"command"`
		Note    string `json:"note"`
		Look    bool   `json:"look"`
	} `json:"fix"`
}

// Unchecked is what could not be looked at.
type Unchecked struct {
	Check string `json:"check"`
	Need  string `json:"need"`
	Why   string `json:"why"`
}

// Find is the diagnosis of one Service, or nil.
func (d Diagnosis) Find(namespace, name string) *DiagnosedService {
	for i := range d.Services {
		if d.Services[i].Namespace == namespace && d.Services[i].Name == name {
			return &d.Services[i]
		}
	}
	return nil
}

// PortTest is one element of the output of `svctui test -o json`.
type PortTest struct {
	Service string `json:"service"`
	Port    any    `json:"port"`
	Pod     string `json:"pod"`
	Rungs   []struct {
		Rung   string  `json:"rung"`
		Target string  `json:"target"`
		Result string  `json:"result"`
		Detail string  `json:"detail"`
		Paste  string  `json:"paste"`
		Millis float64 `json:"millis"`
	} `json:"rungs"`
	Conclusion struct {
		ID   string `json:"id"`
		Text string `json:"text"`
		Why  string `json:"why"`
		Next string `json:"next"`
	} `json:"conclusion"`
}

// Result is the result of a rung, or empty.
func (p PortTest) Result(rung string) string {
	for _, r := range p.Rungs {
		if r.Rung == rung {
			return r.Result
		}
	}
	return ""
}
