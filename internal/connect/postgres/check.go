package postgres

import (
	"context"
	"fmt"
)

// createRoleReaches is the first version in which CREATEROLE lets a role grant only those roles that it has ADMIN OPTION on.
const createRoleReaches = 160000

// Check connects and says in one sentence what the connection may do. ok means that it may grant at least one role, and that the
// cluster is the known one, if one is known.
func (t *Target) Check(ctx context.Context, known string) (ok bool, said string, err error) {
	var (
		version, user string
		number, admin int
		super, create bool
	)
	c, err := t.pool.Acquire(ctx)
	if err != nil {
		return false, "", plain(err)
	}
	defer c.Release()
	if err := same(c.Conn(), known); err != nil {
		return false, "", err
	}
	err = c.QueryRow(ctx, `select current_setting('server_version'), current_setting('server_version_num')::int, r.rolname, r.rolsuper,
			r.rolcreaterole, (select count(distinct m.roleid) from pg_catalog.pg_auth_members m where m.admin_option
				and pg_catalog.pg_has_role(m.member, 'USAGE'))
		from pg_catalog.pg_roles r where r.rolname = current_user`).Scan(&version, &number, &user, &super, &create, &admin)
	if err != nil {
		return false, "", plain(err)
	}
	may := fmt.Sprintf("may grant the roles it has ADMIN OPTION on: %d", admin)
	switch {
	case super:
		may = "is a superuser and may grant every role"
	case create && number < createRoleReaches:
		may = "has CREATEROLE and may grant every role but superusers"
	case admin == 0:
		may = "may grant no role: give it ADMIN OPTION on the roles that Interim shall manage"
	}
	ok = super || create && number < createRoleReaches || admin > 0
	said = fmt.Sprintf("PostgreSQL %s, connected as %s, which %s", brief(version), brief(user), may)
	if identity(c.Conn()) == "" {
		said += "; it could not be told from another cluster at the same address: " + remedy(c.Conn())
	}
	return ok, said, nil
}
