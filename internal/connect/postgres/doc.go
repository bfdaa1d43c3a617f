// Package postgres acts on a PostgreSQL server as a target of access.
//
// What is what:
//   - a role that may log in is an account;
//   - a role that may not log in is a resource of type ROLE with one entitlement, to be a member of it. One that may log in is a
//     resource as well while it has members, and stays one once it has been;
//   - a row of pg_auth_members whose member may log in is a grant. A membership of one group role in another is no grant of a person;
//     it is counted in the notes of the sync.
//
// External ids are OIDs. A role that is renamed stays what it is; one that is dropped and made again under the same name is another
// one, and never inherits the access of the first.
//
// GRANT and REVOKE are done when pg_auth_members says so. Up to PostgreSQL 15 a role is a member or it is not, whoever granted it.
// From 16 on a membership may be held through several grantors at once (https://www.postgresql.org/docs/16/sql-revoke.html), and
// access is gone only with the last of them:
//   - a plain REVOKE takes back what the connection's own role granted (for a superuser: what superusers granted). For what is left,
//     each grantor's is taken back in that grantor's name, which the database allows to whoever has the grantor's rights;
//   - what it does not allow remains, and with it the access: the revoke is answered with an error that names the grantors, so that
//     the grant stays visibly past its end until somebody with more rights has helped;
//   - nothing is taken back with CASCADE: a membership through which others were admitted is left, for that would end their access
//     too;
//   - a membership with neither INHERIT nor SET, such as the one a CREATEROLE role gets in each role it makes, gives no access and is
//     no grant. To make it one, GRANT is run as for any other.
package postgres
