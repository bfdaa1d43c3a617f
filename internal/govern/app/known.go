package app

import (
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
)

// byExternal reads the live objects of a connector that seen names, by their external id.
func byExternal[S, T any](
	q db.Q, table, cols string, scan func(*db.Rows) (T, error), c ConnectorRef, seen []S, externalOf func(S) string, external func(T) string,
) (map[string]T, error) {
	out := make(map[string]T, len(seen))
	for _, chunk := range db.Chunks(seen) {
		args := []any{string(c.ID)}
		for _, v := range chunk {
			args = append(args, externalOf(v))
		}
		rows, err := db.Collect(q, scan, `select `+cols+` from `+table+` where connector_id = $1 and deleted_at is null and external_id in `+
			db.In(len(chunk), 2), args...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[external(r)] = r
		}
	}
	return out, nil
}

// accounts are the live accounts of an app that a connector may mean.
type accounts struct {
	byExternal map[string]Account // the connector's own
	byUsername map[string]Account // made by people, not taken over yet
}

// find returns the account that v is, the zero one if it is new. An account made by people is found once.
func (k accounts) find(v SeenAccount) Account {
	if a, ok := k.byExternal[v.ExternalID]; ok {
		return a
	}
	name := clip(v.Username, MaxName)
	a, ok := k.byUsername[name]
	if ok {
		delete(k.byUsername, name)
	}
	return a
}

func knownAccounts(q db.Q, c ConnectorRef, seen []SeenAccount) (accounts, error) {
	own, err := byExternal(q, "account", AccountColumns(""), ScanAccount, c, seen,
		func(v SeenAccount) string { return v.ExternalID }, func(a Account) string { return a.ExternalID })
	k := accounts{byExternal: own, byUsername: map[string]Account{}}
	if err != nil {
		return k, err
	}
	var names []any
	for _, v := range seen {
		if _, known := own[v.ExternalID]; !known && v.Username != "" {
			names = append(names, clip(v.Username, MaxName))
		}
	}
	for _, chunk := range db.Chunks(names) {
		rows, err := db.Collect(q, ScanAccount, `select `+AccountColumns("")+` from account
			where app_id = $1 and connector_id is null and deleted_at is null and username in `+db.In(len(chunk), 2),
			append([]any{string(c.AppID)}, chunk...)...)
		if err != nil {
			return k, err
		}
		for _, a := range rows {
			k.byUsername[a.Username] = a
		}
	}
	return k, nil
}

// usersByEmail returns whose the folded addresses of seen are. Addresses of users who are not deleted are unique, so that an
// address has one owner or none.
func usersByEmail(q db.Q, seen []SeenAccount) (map[string]directory.UserID, error) {
	var addresses []any
	for _, v := range seen {
		if folded := db.Fold(clip(v.Email, MaxEmail)); folded != "" {
			addresses = append(addresses, folded)
		}
	}
	owners := make(map[string]directory.UserID, len(addresses))
	type owner struct {
		address string
		user    directory.UserID
	}
	for _, chunk := range db.Chunks(addresses) {
		rows, err := db.Collect(q, func(r *db.Rows) (o owner, err error) { return o, r.Scan(&o.address, &o.user) },
			`select email_folded, id from users where status <> 'DELETED' and email_folded <> '' and email_folded in `+
				db.In(len(chunk), 1), chunk...)
		if err != nil {
			return nil, err
		}
		for _, o := range rows {
			owners[o.address] = o.user
		}
	}
	return owners, nil
}

// Known is what a connector has read and what is live still: identities by external id.
type Known struct {
	Accounts      map[string]AccountID
	ResourceTypes map[string]ResourceTypeID
	Resources     map[string]ResourceID
	Entitlements  map[string]EntitlementID
}

// KnownOf reads everything live that the connector has read.
func KnownOf(q db.Q, c ConnectorRef) (k Known, err error) {
	if k.Accounts, err = identities[AccountID](q, "account", c); err != nil {
		return k, err
	}
	if k.ResourceTypes, err = identities[ResourceTypeID](q, "resource_type", c); err != nil {
		return k, err
	}
	if k.Resources, err = identities[ResourceID](q, "resource", c); err != nil {
		return k, err
	}
	k.Entitlements, err = identities[EntitlementID](q, "entitlement", c)
	return k, err
}

func identities[T ~string](q db.Q, table string, c ConnectorRef) (map[string]T, error) {
	rows, err := q.Query(`select external_id, id from `+table+` where connector_id = $1 and deleted_at is null`, string(c.ID))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[string]T{}
	for rows.Next() {
		var external, id string
		if err := rows.Scan(&external, &id); err != nil {
			return nil, err
		}
		out[external] = T(id)
	}
	return out, rows.Err()
}
