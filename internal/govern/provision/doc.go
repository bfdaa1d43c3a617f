// Package provision owns the operations: what has to be done in a target system so that it agrees with the grants here.
//
//	          claim (lease, attempt)                     target confirmed
//	open ───────────────────────────▶ open, leased ───────────────────────▶ done
//	 │ ▲                                   │    │
//	 │ └────────── failed, due later ──────┘    │
//	 └────────────── the grant wants something else meanwhile ────────────▶ superseded
//
// An operation belongs to one grant and changes one membership. It is a row with a due time; there is no queue beside it. Whoever
// claims it moves its due time to the end of the lease, so that the operation of a worker that died simply becomes due again.
//
// Invariants:
//   - a grant has at most one open operation;
//   - an operation whose success was recorded is never called again: only open rows are claimed, and success closes the row in the
//     transaction that moves the grant;
//   - a result counts only while its worker holds the lease; what comes later is dropped, since the operation is somebody else's;
//   - two calls about one grant are never under way at once: what supersedes a leased operation waits for the end of its lease, or
//     for its worker, whichever comes first. A call is shorter than its lease;
//   - a failed operation is tried again for ever, ever more rarely: a target that is down delays a removal and never cancels it;
//   - while grants end by the thousand the lanes begin no turn until all are ending, for a second at most.
//
// A target may be called twice for one operation, when the worker died between the call and its record. Therefore [Target] is
// idempotent: a membership is there or it is not.
package provision
