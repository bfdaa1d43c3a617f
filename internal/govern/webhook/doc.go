// Package webhook owns the webhooks: where others are told of what happens here, and asked for what they decide; and the deliveries,
// each one message to one of them.
//
//	          answered 2xx                          ┌─────────▶ done
//	open ──────────────────────────────────────────▶│
//	 │ ▲ │    answered 202            callback      │
//	 │ │ └──────────────────▶ waiting ──────────────┘
//	 │ └─ failed, due later      │  no callback in time
//	 │    given up after 50      ▼
//	 ├──────────────────────▶ failed
//	 └─ no longer wanted ───▶ cancelled
//
// A delivery is a row with a due time; there is no queue beside it. Whoever sends it holds a lease that is longer than a call, so that
// the delivery of a worker that died becomes due again. The form of a message, its token and its headers are those of the upstream
// product (c1-api.md, section 10).
//
// Invariants:
//   - what was answered is never sent again: an answer closes the delivery in the transaction in which it takes effect;
//   - before that a message may arrive more than once, every time with the same id, by which a receiver knows it;
//   - an answer counts once, whether it came as the reply or to the callback address; the address is of no use afterwards;
//   - a result counts only while its worker holds the lease, and never after the delivery was cancelled;
//   - a receiver that hangs keeps few of the calls that can be under way, so that the others are still told.
package webhook
