// Package sync owns the reading of targets: what a connector's target holds becomes accounts, resources, entitlements and grants
// here, and what it no longer holds ends here. It also owns what people say of a connector: how to reach its target, and how often
// to read it.
//
// A run is one reading of one target:
//
//	          ┌─ done      everything read was taken over
//	running ──┼─ failed    the target could not be read, or the run was cut short; what was taken over by then is true and stays
//	          └─ refused   the target shows too little to be believed; nothing was changed
//
// The steps of a run, in this order: read; put aside what makes no sense; note which grants were seen; judge; and only then write
// the objects, the grants that nobody had given here, the grants that are gone, and the objects that are gone.
//
// Invariants:
//   - an empty or shrunken reading never revokes: a run that finds nothing, or misses over 20 % of 100 or more of what it should
//     find, changes nothing and says so. Somebody may accept losses for one run; that the target shows nothing is never believed;
//   - until a reading is believed, nothing is written but when a grant was last seen;
//   - reading adds no source to a grant that has one, and never brings back what ended: what is found again is a new grant;
//   - one run of a connector at a time, over all replicas: a run holds a lease on the connector's row, which it renews while it waits
//     for the target and in every transaction it writes. A run that lost its lease writes nothing more;
//   - a target is read because its time has come or because somebody asked; making a connector does not reach for its target;
//   - the secret that opens the target is sealed in the connector's row, and shown to nobody.
package sync
