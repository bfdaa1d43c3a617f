// Package attribute owns the words that entitlements are classed by: risk levels and compliance frameworks.
//
// There are two types of attributes, which are built in, and the values that people give each:
//
//	Type "Risk Level"            Low, High, …            an entitlement has at most one
//	Type "Compliance Framework"  SOX, ISO 27001, …       an entitlement has up to 32
//
// A value is made and deleted, never changed.
//
// Invariants:
//   - no two live values of one type are the same text, whatever its case;
//   - a value that a live entitlement has is not deleted: who wants it gone takes it from those first, and is told which they are;
//   - whoever gives a value to something asks [Choose] in the same transaction, which keeps the value from being deleted meanwhile;
//   - every change is one transaction with its event.
package attribute
