// Package contact owns where people are told of things, and who is on call: channels for messages and on-call schedules, both of other
// systems, and which resources and groups they belong to.
//
//	Channel ── of any number of items; kept for whoever tells people, nothing is sent there yet
//	Schedule ── shifts, in order: who is on call, and when
//	    └─ Duty: a group it belongs to ──▶ who is on call now holds the group's entitlement (package automation keeps that so)
//
// The other systems are not asked: what a channel or schedule is called, and who is on call, is what people say here.
//
// Invariants:
//   - no two channels, and no two schedules, have the same provider and remote id: what is registered again is the same record;
//   - a shift is half-open: whoever is relieved at six is not on call at six, whoever relieves them is;
//   - who is disabled or deleted is not on call, whatever their shift says; who is deleted has no shift any more;
//   - what belongs to a group or resource goes with it, in the same transaction;
//   - a change of shifts, or of a group's schedules, makes its duties due in the same transaction.
package contact
