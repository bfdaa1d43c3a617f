// Package group owns what groups do as principals: what the members of a group hold together, and groups that stand for one another.
//
// A group is an item; who holds its default entitlement is a member. A group holds something by a binding of package automation: who
// holds the group's default entitlement holds a level of another item, a resource or a group, until the binding's end. Where that is the
// default level of a group, the members of the one are members of the other, and hold what it holds.
//
//	members ── hold ──▶ group ── binding, until … ──▶ resource at a level
//	                      └───── binding, until … ──▶ group at a level ── binding ──▶ …
//
// Invariants:
//   - what a group holds it holds once for each level, whoever gives it at the same time: the later end wins;
//   - no group holds itself, by whatever way;
//   - to set the list of what a group holds is one change, all or nothing; what stays on the list keeps its end;
//   - who is a member of nothing any more holds nothing of it: that is the binding's to keep, at the latest from its end on.
//
// Groups may be linked: they stand for one another, and one of them is the source. It is asked for in place of the others, and who no
// longer is a member of one is written down with that, and taken out of the others by the [Porter].
//
//		member of a linked group ── no longer, whoever or whatever ended it ──▶ leaver, due ──▶ out of the others
//		                                                                            └─ is back, or a member in another way ──▶ stays
//
//	  - a group is in one link at most, under any race; a link has its source and another group;
//	  - nobody becomes a member by being one of a linked group.
package group
