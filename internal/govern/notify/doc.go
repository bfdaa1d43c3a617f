// Package notify owns what people are told of what concerns them: that they are asked to decide, what was decided, that access ends
// soon or has ended, that they stand in for somebody.
//
//	      claimed, sent by mail
//	open ───────────────────────▶ done
//	 │ ▲ │ handed to the webhook              answered
//	 │ │ └──────────────────────▶ handed ─────────────▶ done
//	 │ └─ failed, due later          │ given up
//	 │    too often, or for good     ▼
//	 └───────────────────────────▶ failed        (seen by administrators for 30 days)
//
// A notification is a row that is written in the transaction of the change it tells of; the due loop sends it. Who has turned a kind
// off, is disabled or deleted, or has no address, is told nothing, and the row is gone. What many people are told at once is one row, of
// which the loop makes a notification for each of them.
//
// Invariants:
//   - a change that was rolled back tells nobody;
//   - what was recorded as sent is never sent again; a worker that dies between the two sends it a second time under the same Message-ID;
//   - rows do not pile up: without a mail server and a webhook none are written, tries are bounded, and what is over is forgotten, what
//     was sent after 7 days, what failed after 30;
//   - no text of a person or a target ends up in a header, or as anything but text.
package notify
