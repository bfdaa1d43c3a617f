// Package app owns the apps and what is inside them: resource types, resources, entitlements, accounts and connectors.
//
//	App ─┬─ ResourceType ── Resource ── Entitlement
//	     ├─ Account (perhaps of a directory user)
//	     └─ Connector (what reads and changes the target system)
//
// Every object is live until it is deleted; a deleted one stays as history and is never changed again.
//
// Invariants:
//   - an object is named by its app and its id together: the built-in objects have the same ids in every app;
//   - every app has the built-in resource type "Credential" with the built-in resource and entitlement "Access" in it; they
//     cannot be deleted while the app lives;
//   - an entitlement belongs to one resource, a resource to one resource type, for good;
//   - an app has at most one live resource type of each kind but CUSTOM;
//   - no two live entitlements share an alias, in the whole installation;
//   - what a live connector reads (a connector id is set) cannot be deleted by people, and what people have renamed or described
//     is not overwritten by what the connector reads;
//   - deleting an object deletes what is below it, and whoever keeps grants for it is told ([Notice]) in the same transaction;
//   - an account belongs to the user a person chose, else to whom the matching of its directory finds ([Matching]), where there is none
//     to the one live user with its e-mail address, else to nobody;
//   - who held an account, and when, is kept for good: the table account_holder has an open interval for an account exactly while
//     its user_id names somebody. An account that is deleted, or whose user is disabled or deleted, stays with its holder: what ends
//     then is the access through it, and that end is theirs. When matching or a person takes it from them, the interval ends.
package app
