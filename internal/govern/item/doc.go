// Package item owns resources as people ask for them: what an item is called, who sees it, and which of its entitlements is meant where
// nobody says which.
//
// An item is a resource that people or connectors made in an app; a group is an item whose resource type is of the kind GROUP. What can
// be held of an item are its levels, one for each entitlement of the resource. One of them is the default level, see [Levels].
//
//	app.Resource ── Settings (label, visibility, …), made with the first change; without them an item is seen by everybody
//	       ├─ app.Entitlement … ── Level
//	       └─ Mapping …: groups that are shown as roles of the resource
//
// What a person can ask for is one rule, whoever asks where:
//
//	asks for ⇔ level and app live ∧ sees the item ∧ (a catalog lists the level for them, see package catalog ∨ the item is offered)
//
// [Settings.Requestable] says it for one, [RequestableSQL] in SQL. What people make as an item is offered, and what they say of any
// item's visibility or configurations offers it; what a connector reads, or people make as a mere resource, only catalogs list.
//
// How an item may be asked for are its configurations, of which the one of the highest priority counts whose condition holds. Package
// task asks for the [Terms] of each request and keeps to them. A [Template] owns settings of the items that follow it, which take what
// changes in it in steps ([Service.Follower]).
//
// Invariants:
//   - what an item has from its template it cannot have otherwise, and a template that is followed is not deleted;
//   - an item has settings at most once, and they live and die with its resource;
//   - an item that is limited is seen by those who have access now by an entitlement of its audience, by those who have access to the
//     item itself, and by whoever may see every item; an empty audience is nobody;
//   - a group that a mapping hides is seen by whoever may see every item, and by nobody else, whoever holds it;
//   - a change of an item and of its resource is one transaction with its events.
package item
