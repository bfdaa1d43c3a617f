package sync

// What the tests know of the limits.
const (
	Lease     = lease
	Renewal   = renewal
	AtOnce    = atOnce
	KeptRuns  = keptRuns
	MaxNotes  = maxNotes
	MaxDoubts = believedFrom
)

// Idle returns when no run of this process is under way.
func (s *Service) Idle() { s.flights.all.Wait() }
