// Package stream owns the streams of events: other systems that are sent what happens here, event by event, in the order of the log.
//
//	          sent, answered 2xx
//	        ┌────────────────────┐
//	        ▼                    │
//	on: waiting ──batch due──▶ leased ──50 failures in a row, or 410──▶ off, with the reason
//	        ▲                    │                                          │
//	        └──failed, due later─┘◀────────────── switched on again ────────┘
//
// A stream is a row with a place in the log and a due time; there is no row for an event of a stream. Whoever sends a batch holds a lease
// that is longer than a call, so that of all replicas one sends, and the stream of a worker that died becomes due again.
//
// Invariants:
//   - events are sent in the order of the log, none is left out: the place moves only over what was answered, and only up to where the
//     log is settled ([audit.Log.Settled]);
//   - what was recorded as answered is never sent again; before that a batch may arrive more than once, and its receiver knows the events
//     by their ids;
//   - a result counts only while its worker holds the lease;
//   - a stream that fails too often is switched off, says why, and goes on from its place when somebody switches it on again;
//   - secrets are sealed at rest and in no event; those that a stream keeps go to no other host than the one they were given for.
package stream
