// Package guard stands between the wire and the handlers: it finds out where a request comes from ([ClientIP]), who makes it and
// whether that person may, from the rule its method declares in the proto ([Guard.Unary], [Guard.Stream]).
//
// In this order a request is refused:
//
//   - a method without a rule: denied, whoever asks;
//   - without a live access token: 401, unless the method is public;
//   - from outside the credential's networks: 403;
//   - beyond the client's rate, or without a valid token beyond that of the network it comes from: 429 ([Rate]);
//   - an operation that is known but not served: 501, to whoever is signed in;
//   - without the permission: 403 in upstream's words.
//
// With the permission for one's own objects only, the handler decides object by object (iam.Require, iam.OwnFilter). One that
// answers without having asked is a hole: its answer is thrown away, denied and logged.
package guard
