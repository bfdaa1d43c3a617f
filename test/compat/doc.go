// Package compat holds the checks that what we serve is what clients of the C1 API expect.
//
// The contract check compares every operation that the protos declare with the recorded contract: path by position, verb,
// field names, types, formats, enum values, one-ofs, arrays, maps, read-only and deprecated marks. The record is a folder
// beside the checkout, ../shared/contract/c1.json, which is no part of the project; where it is absent the check says so and
// passes. The checks that need no record (the list of known operations, the built-in roles, the planted differences) always
// run. `make contract` prints the counts.
package compat
