// Package opal is the door that speaks Opal's API under /v1, so that its SDKs, its Terraform provider and its MCP server work
// unmodified. It shows the same users, apps, resources, grants, tasks and delegations as the C1 door: a handler decodes, calls one use
// case of govern and encodes. No type of this API is known below this package.
//
// An operation is named after the family and the operationId of the published specification, "opal.v1.Groups.GetGroups"; known.txt lists
// all of them. What is not served answers 501 and its name, to whoever is signed in.
//
// Rules of the wire, all of them facts of the published specification or habits of the clients, unless marked as ours:
//
//   - Ids are UUIDs in lower case. One of another form is 400; one that is unknown, or of something the caller may not see, is 404.
//   - Unknown members of a body are ignored. A body that is missing, empty or null is an empty object; a null list is an empty one.
//   - Enums are closed in every client: an answer never has a value that one of them does not know.
//   - A member that has no value is left out; only those the specification marks as nullable are null.
//   - A query parameter that is a list is taken separated by commas and repeated, whichever a client does.
//   - Lists have a page size of 200 if none is asked for and 1,000 at most; more is clamped (ours).
//   - Failures are {"code": <HTTP status>, "message": "…"} (ours; the specification has no schema for them).
//
// The door is built with huma, whose own habits that clients would notice are turned off: see door.go and failure.go.
package opal
