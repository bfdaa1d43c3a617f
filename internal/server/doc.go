// Package server puts the parts together: it opens the data, builds the features with what they need of each other, opens the
// listeners, and starts and stops all of it. It holds no rule.
//
//	serve.go      the life of a server: open, listen, run, drain
//	database.go   which database, and the key that seals what is secret in it
//	parts.go      the features, each told what it must know of the others
//	listen.go     what answers on which port
//	bootstrap.go  what first start makes, and bootstrap.json
package server
