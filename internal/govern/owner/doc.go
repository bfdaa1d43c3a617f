// Package owner owns who owns what: apps, entitlements, resources, connectors, accounts and users, each under roles.
//
//	Object × role ──┬─ user         named
//	              │ └─ entitlement  whoever holds it at the moment of the question
//	              └─── set          shared, with a name: users in an order, or an entitlement
//
// Invariants:
//   - an owner is named once for each object and role, and keeps the time at which that was first said;
//   - at most [MaxOwners] users and as many entitlements own one object under one role;
//   - the holders of an entitlement own while they hold it: who has access is asked for the moment of the question
//     ([grant.AccessSQL]), so an owner for a time is none from the end of that time on;
//   - expansion is one hop: a holder owns because of the entitlement, never because of owning the entitlement. What owns itself, or
//     each other, is therefore nothing special;
//   - only enabled users own ([Service.Users], [Service.Owns], [Service.Is]); the rows that say so are shown whatever the state of
//     the user ([Service.ListUsers]);
//   - what was deleted owns nothing and is owned by nobody. Its rows stay and every statement here passes them over: identities are
//     never used again, so no row can come to mean something else.
//
// [Primary] is the role that decides about requests, that the first version of the API reads and writes, and that gives rights:
//
//	app owner ─────────┬→ the app
//	                   ├→ its connectors, resource types, accounts
//	                   └→ its resources ─┐
//	resource owner ────→ the resource ───┴→ its entitlements ─┐
//	entitlement owner ─→ the entitlement ────────────────────┴→ its grants
//	account owner ─────→ the account
//	user owner ────────→ the user (a service's or agent's)
//
// A [Set] owns an object under a role instead of rows of the object's own ([Service.Share]); its members are its owners wherever that is
// asked. Owners of an object never change the set: what they change is replaced by rows first. A set is itself an object ([OfSet]) whose
// primary owners are its members, so that a step may ask it; it gives no rights over the set. Of what has no owners, those of its app
// decide ([Admins]).
//
// Other roles are labels. Whoever makes an app is its first owner, in the same transaction.
package owner
