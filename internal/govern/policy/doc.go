// Package policy owns the policies: who decides on a request, a revocation or a certification, in which order, and how access is
// then given or taken.
package policy
