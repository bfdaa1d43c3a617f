// Package iam owns who may call what: roles, who holds them, the credentials people act through, and how they sign in.
//
// # Rights
//
// A permission is "permission/<proto service>.<Method>" and reaches nothing ([None]), what is about the caller ([Own]) or
// everything ([All]). The built-in roles are the table builtin.csv; a custom role is a list of permissions, each for everything,
// and of service roles, "role/<proto service>:<name>", which stand for what the built-in role system:<name> may do on that service.
// Several roles of one person add up. A credential may be scoped to roles; then it reaches what the person's roles and the
// scoped roles both reach.
//
// # Invariants
//
//   - A token names its credential and carries no rights: those are read from the database and kept at most 3 s ([Service] drops
//     them at once when told of a change). When they cannot be read, the answer is no.
//   - A credential's rights are never more than its owner's and never more than its scope.
//   - What a credential makes or changes never exceeds it: a client, a sign-in link and all that comes of it stay within its
//     roles, source networks and expiry ([Limits]); roles are given, taken and edited only by who has everything in them,
//     and people changed and ended only by who has everything they have ([Service.MayChange]).
//   - There is always an enabled user who holds Super Administrator.
//   - Of a client only the public key is kept; API tokens, codes, links and sessions are kept as hashes; signing keys are sealed.
//   - An assertion, a link and a device code are good once.
//   - A token never outlives its client, and a user who is disabled or deleted loses every credential in that transaction for good.
//
// # Ways in
//
//	personal client:  assertion or secret ────────────────────────────→ access token (≤ 1 h)
//	person:           sign-in link (10 min, once) → web session (8 h)
//	API token:        the secret itself, until it expires or is deleted; all its user may do, or what of it reads
//	device:           pending → approved in a session → access token (≤ 1 h), once
//	                          ↘ denied
//	                          ↘ expired (10 min)
//
// What is neither audited nor versioned: lastUsedAt, assertions seen, device codes nobody answered yet.
package iam
