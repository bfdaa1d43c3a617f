package policy

import (
	"github.com/interim-access/interim/internal/platform/fault"
)

// CheckCondition answers Invalid about field for a text that is no condition: what [Service.Holds] could never work out.
func (s *Service) CheckCondition(field, text string) error {
	if _, err := s.conditions.Compile(text); err != nil {
		return fault.InvalidField(field, "%s", err.Error())
	}
	return nil
}
