// Package matrix plays every operation that the server describes as every kind of caller and compares what came back with a file.
//
// testdata/authorization.csv has a line for every operation and whom it is about: nobody in particular (-), a colleague (other) or
// the caller (self). The columns are the callers; a cell is the status, and behind a colon how many things were listed. What is
// listed is what leaks: a filter that names a colleague must find nothing for who may not know it. Operations that write are asked
// about what does not exist, so 400 and 404 there mean that the caller would be let in.
//
// A new operation fails the test until its line was written (go test -update) and read.
package matrix
