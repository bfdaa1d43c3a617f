package iam

import "github.com/interim-access/interim/internal/platform/db"

// ManyRoles reads the live roles with the given ids, in no particular order; unknown ids are left out.
func ManyRoles(q db.Q, ids []RoleID) ([]Role, error) {
	var all []Role
	for _, chunk := range db.Chunks(ids) {
		roles, err := rolesByID(q, chunk)
		if err != nil {
			return nil, err
		}
		all = append(all, roles...)
	}
	return all, nil
}
