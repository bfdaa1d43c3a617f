// Package policy owns the policies: who decides on a request, a revocation or a certification, in which order, and how access is
// then given or taken.
//
//	policy ──┬─ rule: condition ─┬─→ steps under a key
//	         │                   └─→ another policy of the same kind (at most five in a chain, no circle)
//	         └─ baseline ────────┬─→ steps under "grant", "revoke", "certify"
//	                             └─→ another policy
//
// Invariants:
//   - a policy has steps: none would deny everything without a word, and is refused;
//   - every save is a generation, which never changes again ([Service.Generation]): tasks keep the one they were opened with;
//   - references between policies form no circle and no chain above [MaxDepth], whoever saves at the same time: all saves take turns;
//   - a policy that a policy, an app or an entitlement refers to is not deleted, and a deleted one is not referred to;
//   - the built-in policies are there from the first start ([Service.Ensure]) and never change;
//   - expressions are compiled when a policy is saved, and run before a transaction that writes, within the budgets of package expr and
//     of their look-ups ([MaxLookups], [MaxRows]). A condition that fails does not hold; a failing database is no answer at all.
package policy
