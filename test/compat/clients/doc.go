// Package clients plays what official clients of the C1 API send, recorded in our words under testdata, against a whole server
// inside the process, and compares the answers to the byte where they do not differ between runs.
package clients
