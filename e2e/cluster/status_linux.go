package cluster

import "context"

// ProcessStatus tells whether one process of the cluster runs.
type ProcessStatus struct {
	Name    string
	PID     int
	Running bool
}

// Status looks at the cluster: its processes, and as an error what keeps it from being usable.
func (c *Cluster) Status(ctx context.Context) ([]ProcessStatus, error) {
	var processes []ProcessStatus
	for _, name := range c.processOrder() {
		status := ProcessStatus{Name: name}
		if p, err := c.readProcess(name); err == nil {
			status.PID, status.Running = p.PID, p.running()
		}
		processes = append(processes, status)
	}
	return processes, c.health(ctx)
}
