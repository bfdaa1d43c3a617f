package fault

import "strconv"

// Code says what kind of refusal a Fault is. The comments give the HTTP status
// and the google.rpc.Code the C1 door answers with.
type Code int

// The codes.
const (
	Invalid         Code = iota + 1 // 400, 3: malformed, unknown or over a limit
	Unauthenticated                 // 401, 16: no valid credential
	Denied                          // 403, 7: a valid credential without the right
	NotFound                        // 404, 5
	Exists                          // 409, 6: a unique thing is there already
	Conflict                        // 409, 10: stale version, lost race, already decided
	Precondition                    // 400, 9: the state of the object does not allow it
	Exhausted                       // 429, 8: a rate or a quota
	Unimplemented                   // 501, 12: known but not served
	Unavailable                     // 503, 14: try again
	Timeout                         // 504, 4: the deadline passed
	TooLarge                        // 400, 3: the body is over its limit
	Internal                        // 500, 13: our mistake; the cause is in the log
)

var names = [...]string{
	Invalid: "invalid", Unauthenticated: "unauthenticated", Denied: "denied", NotFound: "not_found",
	Exists: "exists", Conflict: "conflict", Precondition: "precondition", Exhausted: "exhausted",
	Unimplemented: "unimplemented", Unavailable: "unavailable", Timeout: "timeout", TooLarge: "too_large",
	Internal: "internal",
}

// String returns the code's name in lower snake case, for logs and metrics.
func (c Code) String() string {
	if c < Invalid || int(c) >= len(names) {
		return "code(" + strconv.Itoa(int(c)) + ")"
	}
	return names[c]
}
