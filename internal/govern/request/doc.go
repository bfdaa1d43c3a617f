// Package request owns requests: what somebody asks for at once, one thing or several, for somebody and for a while.
//
//	Request ── tasks, one for each thing, in the order in which they were asked for
//	        └─ Details: a ticket, and the answers to a form, as they were sent
//
// A request is its tasks: its id is that of the first, and its state is worked out from theirs. A task that was asked for alone, at
// whatever door, is a request of one. Nothing about who decides, or when access is given, is kept or decided here; package task does
// that.
//
//	PENDING   somebody has to decide about one of the tasks
//	DENIED    one of them was denied, which denies all that were not decided
//	CANCELED  none was approved, and none denied
//	APPROVED  otherwise; access is given, or is about to be
//
// Invariants:
//   - the tasks of a request are made in one transaction, or none is;
//   - what was said with a request never changes.
package request
