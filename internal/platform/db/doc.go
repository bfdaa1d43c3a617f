// Package db is the one way to the database: one SQL text for two engines,
// SQLite inside the process and PostgreSQL beside it.
//
// # What it owns
//
// The connections, the transactions, the migrations and the notices that
// follow a commit. It knows no table but schema_info.
//
// # Rules for SQL
//
// One text serves both engines: $N placeholders, times as bigint
// microseconds, JSON written and read as text, upserts and RETURNING, row
// values for keysets. Columns that are compared or sorted are {{text}} in the
// migrations, which is bytewise order on both. What differs has a name here:
// Skip, Tx.Lock.
//
// # Invariants
//
//   - Write returns nil only after COMMIT did, on SQLite with
//     synchronous=FULL.
//   - A Write that returns an error has changed nothing.
//   - One statement that fails loses its transaction, whether or not the
//     closure passes the error on: PostgreSQL does so, and SQLite follows.
//   - SQL under a Write never carries a request's context. A cancelled
//     statement would roll back the whole group on SQLite, neighbours
//     included.
//   - No error of this package puts SQL or a path into a fault's message.
//
// # SQLite
//
// One connection writes, four read. Writes that wait at the same time share
// one COMMIT, and each is acknowledged when the group is on disk. The error of
// one rolls back nothing but itself: where it had changed something, the group
// is run again, each member in a SAVEPOINT of its own. It is given $N as plain
// question marks, the values in their order. Connections stand on SQLite's C
// interface by way of a library; migrations use the driver for database/sql.
// A sixth connection moves the log into the file beside the writer.
//
// # PostgreSQL
//
// READ COMMITTED; serialization failures and deadlocks are run again. Round
// trips are what costs: BEGIN, queued statements and COMMIT travel together
// with their neighbours. Notices to other replicas leave after the COMMIT, many
// in one statement, because transactions that NOTIFY commit one by one.
package db
