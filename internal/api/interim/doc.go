// Package interim is the door for the operations that are Interim's own, under /api/interim/v1: what the upstream APIs have no public
// call for. It speaks in the style of the C1 door and stands on the same things.
package interim
