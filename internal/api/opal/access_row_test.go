package opal

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/read"
)

func TestAccessOfSeveralAccountsIsShownAsOne(t *testing.T) {
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	of := func(state grant.State, direct grant.Origin, derived int, end time.Time, failed string) read.Given {
		return read.Given{Grant: grant.Grant{State: state, Direct: direct, Derived: derived, DeprovisionAt: end}, LastError: failed}
	}
	for name, c := range map[string]struct {
		grants []read.Given
		status string // empty: none
		paths  int
		direct bool
		end    time.Time // zero: none
	}{
		"given":         {[]read.Given{of(grant.Active, grant.Manual, 0, late, "")}, "SUCCESS", 1, true, late},
		"on its way":    {[]read.Given{of(grant.Pending, grant.Request, 0, late, "")}, "PENDING", 1, true, late},
		"failing":       {[]read.Given{of(grant.Pending, grant.Manual, 0, late, "no such role")}, "ERR_REMOTE_INTERNAL_ERROR", 1, true, late},
		"found":         {[]read.Given{of(grant.Active, grant.Synced, 0, time.Time{}, "")}, "", 1, true, time.Time{}},
		"passed on":     {[]read.Given{of(grant.Active, grant.None, 2, time.Time{}, "")}, "SUCCESS", 2, false, time.Time{}},
		"both":          {[]read.Given{of(grant.Active, grant.Manual, 1, early, "")}, "SUCCESS", 2, true, early},
		"two accounts":  {[]read.Given{of(grant.Active, grant.Manual, 0, early, ""), of(grant.Pending, grant.Manual, 0, late, "")}, "SUCCESS", 2, true, late},
		"one for good":  {[]read.Given{of(grant.Active, grant.Manual, 0, early, ""), of(grant.Active, grant.Manual, 0, time.Time{}, "")}, "SUCCESS", 2, true, time.Time{}},
		"one is failed": {[]read.Given{of(grant.Pending, grant.Manual, 0, late, ""), of(grant.Pending, grant.Manual, 0, late, "x")}, "ERR_REMOTE_INTERNAL_ERROR", 2, true, late},
	} {
		r := accessRow{Access: read.Access{Grants: c.grants}}
		status := ""
		if p := r.propagation(); p != nil {
			status = p.Status
		}
		var end time.Time
		set(&end, r.expires())
		if n, direct := r.paths(); status != c.status || n != c.paths || direct != c.direct || !end.Equal(c.end) {
			t.Errorf("%s: %q, %d paths, direct %v, until %v", name, status, n, direct, end)
		}
	}
}
