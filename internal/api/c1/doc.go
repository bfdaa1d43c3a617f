// Package c1 is the ConductorOne-shaped door: one file per upstream service
// (its handlers: decode, one service call, encode) and one wire_*.go per noun
// (how that noun looks on the wire). No rule lives here.
//
// What every handler relies on:
//
//   - ids.go: identifiers are KSUIDs outside and UUIDs inside. A malformed one
//     is 400 and names the field; a well-formed one that no object of ours can
//     have is 404 where one object is asked for and matches nothing in a filter.
//   - paging.go: every list has a size between 1 and 100 and an opaque token
//     that is good for the same list with the same filters only.
//   - mask.go: which top-level fields an update writes.
//   - expand.go: the `expanded` list and the `$.expanded[n]` paths into it.
//   - limits.go: lengths of strings and lists.
//   - a filter or field that is known but not served is refused with 501
//     (fault.NotServed) as soon as the caller sets it.
//
// Handlers return *fault.Fault; the mapping to google.rpc.Status happens once,
// outside this package. Package interim (our additive operations) shares these
// helpers and encoders, which is why they are exported.
package c1
