package policy

import (
	"context"
	"fmt"

	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/fault"
)

// CheckSteps answers Invalid, naming what is under field, for steps that no policy of the kind could have. They are no policy's, but take
// the place of the steps of one in a task.
func (s *Service) CheckSteps(ctx context.Context, kind Kind, field string, steps []Step) error {
	c := &checker{conditions: s.conditions, approvers: s.approvers}
	c.list(field, len(steps), 1, MaxSteps)
	for i, step := range steps {
		c.step(fmt.Sprintf("%s[%d]", field, i), step)
	}
	if c.err != nil {
		return c.err
	}
	q := s.DB.Q(ctx)
	if err := c.known(q, Policy{}); err != nil {
		return err
	}
	for _, r := range c.escalations {
		if err := usable(q, r.field, kind, r.to); err != nil {
			return err
		}
	}
	for _, r := range c.webhooks {
		_, err := webhook.Get(q, r.ID)
		if fault.Is(err, fault.NotFound) {
			err = fault.InvalidField(r.Field, "there is no such webhook")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
