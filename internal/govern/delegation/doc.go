// Package delegation owns who answers for whom, and when.
//
// A delegation is a window [From, Until) in which the delegate answers where the delegator is asked. Its mode says how:
//
//   - REASSIGN: the delegate answers instead. Everybody has at most one that is not deleted; setting another replaces it.
//   - ADD: the delegate may answer beside the delegator. There may be many; they are never changed, only made and deleted.
//
// Where a delegation stands follows from the clock and from two marks, which are never taken back:
//
//	SCHEDULED ──From──▶ OPEN ──Until──▶ OVER (marked by the due loop: closed_at)
//	    └────────────────┴───────────────┴──▶ DELETED (removed, replaced, or one of the two people was deleted)
//
// Nothing happens at a window's start: who answers is worked out when it is asked, see [Answering]. At its end too the answer
// changes by itself; the due loop comes after, writes the event and tells each [Notice].
//
// Invariants:
//   - at most one REASSIGN of a delegator is not deleted (unique index delegation_reassign);
//   - windows are half-open, and what was closed or deleted never covers a moment again, whatever the clock says;
//   - one hop: who answers for a delegate is not asked;
//   - a delegate who is not enabled is passed over, and who is not enabled has nobody answer for them; enabling them again brings
//     both back. Deleting a person ends their delegations, both ways, in the same transaction;
//   - a person and the delegate who answers instead of them never both answer;
//   - every change is one transaction with its event, which names both people.
package delegation
