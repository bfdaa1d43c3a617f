// Package webhook carries messages to the addresses that people named. It is the one part of the server that calls wherever a person
// says, so it looks at where it is really going.
//
// What is looked at is the address that a connection is about to be opened to, after its name was resolved: a name that resolves to
// something else the second time, or a literal written in an odd way, gets no further. Redirects are not followed, proxies of the
// environment not used. The networks of this machine and of its surroundings, and those that stand for others (NAT64, 6to4 …), are
// closed unless the operator opened them.
package webhook
