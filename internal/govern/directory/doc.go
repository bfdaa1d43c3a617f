// Package directory owns the people, services and agents that access is about.
//
// A user is ENABLED, DISABLED or DELETED:
//
//	ENABLED ⇄ DISABLED → DELETED
//	   └──────────────────↗
//
// Invariants:
//   - two users that are not deleted never share an e-mail address (compared folded);
//   - a deleted user stays as history and is never changed again;
//   - leaving ENABLED ends, in the same transaction, everything the user could use: whoever keeps credentials, grants or open work
//     for users implements [Notice] and is told with the transaction in hand;
//   - enabling a user again gives nothing back: what ended stays ended;
//   - managers never form a cycle, so that a walk up the line ends.
package directory
