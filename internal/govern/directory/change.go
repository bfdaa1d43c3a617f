package directory

import (
	"slices"
	"strings"
)

// normalize trims what people type, fills in defaults and orders managers, so that equal users compare equal.
func (u *User) normalize() {
	for _, s := range []*string{&u.DisplayName, &u.Email, &u.Username, &u.JobTitle, &u.Department} {
		*s = strings.TrimSpace(*s)
	}
	if u.Kind == "" {
		u.Kind = KindHuman
	}
	if u.Origin == "" {
		u.Origin = OriginLocal
	}
	if u.Status == "" {
		u.Status = Enabled
	}
	u.ManagerIDs = slices.Compact(slices.Sorted(slices.Values(u.ManagerIDs)))
}

// changes names the members that differ, old and new, for the audit.
func changes(before, after User) map[string]any {
	data := map[string]any{}
	for _, f := range []struct{ name, old, new string }{
		{"displayName", before.DisplayName, after.DisplayName},
		{"email", before.Email, after.Email},
		{"username", before.Username, after.Username},
		{"jobTitle", before.JobTitle, after.JobTitle},
		{"department", before.Department, after.Department},
		{"employmentStatus", before.EmploymentStatus, after.EmploymentStatus},
		{"employmentType", before.EmploymentType, after.EmploymentType},
		{"type", string(before.Kind), string(after.Kind)},
	} {
		if f.old != f.new {
			data[f.name] = map[string]string{"from": f.old, "to": f.new}
		}
	}
	if !slices.Equal(before.ManagerIDs, after.ManagerIDs) {
		data["managerIds"] = map[string]any{"from": before.ManagerIDs, "to": after.ManagerIDs}
	}
	return data
}
