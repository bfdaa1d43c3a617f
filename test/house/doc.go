// Package house holds the rules of the house that no linter knows: how long
// files get, how packages are called, that documents, linter and folders tell
// one story. It reads the repository's files and nothing else.
package house
