// Package read answers questions that cross features: lists, searches, history, and the batches of related objects that a caller
// wants expanded. It holds SELECTs only, and no rule: what a row means is said by the feature that owns it, whose columns, scans and
// conditions are used here.
//
// Lists about now go by whose an account is; those that look back (as-of, past grants, feed, history) go by whose it was then, which
// account_holder tells: an event is theirs who held the account when it happened. See [GrantFilter] and [Holding].
//
// Every list is filtered in the database, bounded, and paged by keyset: the page key is the position of the last row shown, so a
// page costs the same however deep it is, and rows that come or go elsewhere neither repeat nor hide others.
package read
