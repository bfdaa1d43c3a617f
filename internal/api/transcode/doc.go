// Package transcode is the JSON door of a set of gRPC services. It reads the
// google.api.http annotation of every registered method, mounts one chi route
// for each, and serves it by filling the method's request message from the HTTP
// request, running the ordinary gRPC unary interceptors, and writing the
// answer as JSON.
//
// It owns the wire rules of the C1 API; there is no generated gateway code and
// no rule of the domain here. The rules, in the order a request meets them:
//
//   - Router: a trailing slash is answered 301, an unknown path 404, a known path
//     with another verb 405. An operation that is known but not served runs the
//     interceptors and then answers 501, so that it is told apart from a missing
//     object and stays behind authentication.
//   - Decode: body, then query, then path, each over the one before; the path
//     always wins. A body is proto3 JSON whatever its Content-Type; GET and HEAD
//     have none. Unknown body fields are refused, unknown query parameters are
//     ignored. A limit holds for the body's size, its nesting, how many values it
//     has and the time it takes to arrive.
//   - Update: a request with an update_mask and one object to update (the wrapper)
//     always reaches its handler with both; see updateRule.
//   - Answer: exactly 200, proto3 JSON with unpopulated fields written out: zero
//     values, [] and {}, null for an unset message, nothing for an unset oneof
//     member or optional scalar.
//   - Failure: a google.rpc.Status as JSON, its HTTP status by its code, and the
//     id of the response's c1-trace-id header at the end of its message.
//
// Everything that can be looked up by name is looked up when a service is
// registered: a request touches descriptors by pointer only.
//
// Decoding comes before the interceptors, as it does in a gRPC server, unless
// the registrar that services are registered with turns that round. The threat
// is work done for strangers: a small text can ask for a lot of memory. It is
// bounded by the limits of the body's size and of the values in it.
package transcode
