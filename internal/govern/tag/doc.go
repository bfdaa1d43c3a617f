// Package tag owns tags: a key with a value, put on users and resources, that lists are narrowed by. They give nobody
// anything themselves; who goes by the tags of people is told of each that changes.
//
// Invariants:
//   - no two tags have the same key and value; a value may be empty;
//   - an object has a tag at most once, and at most [MaxPerObject] of them;
//   - what is put on an object lives as long as the tag and the object do: it goes with either, in the same transaction.
package tag
