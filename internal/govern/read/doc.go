// Package read answers questions that cross features: lists, searches, history, and the batches of related objects that a caller
// wants expanded. It holds SELECTs only, and no rule: what a row means is said by the feature that owns it, whose columns, scans and
// conditions are used here.
//
// Every list is filtered in the database, bounded, and paged by keyset: the page key is the position of the last row shown, so a
// page costs the same however deep it is, and rows that come or go elsewhere neither repeat nor hide others.
package read
