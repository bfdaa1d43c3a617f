package interim

import (
	"strings"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/grant"
)

// state shows where a grant stands; unspecified where there is none.
func state(s grant.State) interimv1.GrantState {
	return c1.EnumValue[interimv1.GrantState](interimv1.GrantState_value, "GRANT_STATE_", strings.ToUpper(string(s)))
}
