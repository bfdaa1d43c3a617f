// Package audit owns the record of what happened: one event per change, written in the transaction that makes the change.
//
// Invariants:
//   - nothing changes without an event in the same transaction: use cases call [Log.Record] with the transaction they write in,
//     so that an event exists exactly when its change does;
//   - an event is never updated or deleted;
//   - an event never holds a secret: no credential, token, connection string or link, not even hashed.
//
// Events are read in the order (at, id). Ids are made when the event is recorded, so events of one process sort as they happened.
package audit
