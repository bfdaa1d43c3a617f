// Package grant owns the grants: which account holds which entitlement, since when, until when, and why it no longer does.
//
// A grant lives as long as it has a source. The direct source is what somebody gave (or a sync found); its end is DeprovisionAt.
// Derived sources are entitlements that pass it on; whoever has them pass it on says until when. For a kept one Interim holds the
// membership in the target as for a direct one; for the others the target lets the account in by itself. One row is one lifespan; ended
// rows stay as history.
//
//	                  Create, no target                  ┌──────────┐ Extend, SetEnd, ClearEnd
//	   ┌────────────────────────────────────────────────▶│          │ AddSource, DropSource (others left)
//	   │   sync found it, another entitlement passes it  │  active  │ direct end, other sources left
//	   ├────────────────────────────────────────────────▶│          │
//	   │                                                 └──┬─┬──┬──┘
//	(nothing)   Create, Keep  ┌─────────┐  target: there,   │ │  │ sync: missing in the target
//	   ├─────────────────────▶│ pending │──────────────────▶┘ │  └───────────────────────┐
//	   │                      └────┬──┬─┘  or AddSource       │                          ▼
//	   │                           │  │   end, Revoke,        │ end, Revoke,        ┌─────────┐
//	   │                           │  └─────────────┐         │ last source gone    │  ended  │
//	   │                           │ connector      ▼         ▼                     └─────────┘
//	   │                           │ deleted     ┌──────────────┐  target: gone, or      ▲ ▲
//	   │                           │             │    ending    │────────────────────────┘ │
//	   │                           │             └──────────────┘  connector deleted       │
//	   │                           └───────────────────────────────────────────────────────┤
//	   └─ without a target the step to ending goes on to ended in the same transaction ────┘
//
// Access is the state active between active_at and the end of the last source, see [Facts.Access]; nothing else gives any. The end
// itself is what denies: the [Ender], which moves the rows, comes after it.
//
// Invariants:
//   - at most one grant of an account and entitlement is not ended (unique index grants_live);
//   - losing one source never shortens another; the target holds the membership while there is a direct or a kept one;
//   - from its end on a grant is denied, whatever its target or a connector does; what the target has not confirmed is ending, and
//     counted as overdue with its age;
//   - the states are taken in the order of the drawing; an ended grant never changes, a clock that is set back included: what was
//     found past its end is a row, not a comparison;
//   - moving an end changes the row alone; no target is called;
//   - each step writes its audit event in its transaction;
//   - of two changes at once one wins and the other is a Conflict: every write names the version it read;
//   - whoever is told that a user, account, entitlement or app is gone ends all grants of it in the same transaction, in one
//     statement; the Ender then opens the operations in batches.
package grant
