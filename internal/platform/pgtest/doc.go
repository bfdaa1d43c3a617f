// Package pgtest gives tests a real PostgreSQL.
//
// The first test of a process that asks for one starts a server in a temporary
// folder: initdb and postgres from PATH or from Debian's folder, as an
// unprivileged user when the tests run as root, on a free port of 127.0.0.1.
// INTERIM_TEST_POSTGRES_URL names a server to use instead; its user must be
// allowed to create databases. With neither, the test is skipped and says so;
// where CI=true or INTERIM_TEST_REQUIRE_POSTGRES=1 it fails, so that nobody
// takes a skipped suite for a passed one.
//
// A server never outlives the test binary, however that ends: it hangs on a
// small shell that waits for the end of its standard input, which only the
// test binary holds open, and then stops the server and removes the folder.
//
// What initdb made is kept in the user's cache folder and copied from there.
//
// The cluster sorts by a language's rules where the server can, so that a
// column that was not declared to compare bytewise shows itself.
package pgtest
