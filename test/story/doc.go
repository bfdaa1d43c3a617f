// Package story plays whole stories against the real binary: over TLS, as different people, with a real PostgreSQL as the target
// that access is given in, once with SQLite inside and once with PostgreSQL.
//
// The binary is built with -tags storyclock, which lets a story move the server's clock through the ops listener. Nothing is mocked
// and nothing sleeps for an effect: a story moves the clock and then watches for what must follow, failing when it does not.
package story
