// Package oauth is the door to everything below /auth/v1: how clients, devices and people sign in.
//
//	POST /auth/v1/token                 access tokens: client assertion, client secret, device code
//	POST /auth/v1/device_authorization  starts the device flow (RFC 8628)
//	GET  /auth/v1/jwks                  the keys access tokens verify with
//	GET  /auth/v1/device                page: let a device in; POST decides
//	GET  /auth/v1/login                 page: use a sign-in link; POST uses it
//	POST /auth/v1/logout                ends the browser's session
//
// The first three answer JSON; failures are {"error", "error_description"} (RFC 6749, section 5.2). Forms are at most 64 KiB and no
// parameter may be given twice.
//
// The pages are plain HTML without scripts. A session is the cookie __Host-interim. Opening a page changes nothing, since mail
// scanners and previews open links too; what changes something is a POST from our own origin, and in a session it carries a
// token only that session's pages contain.
//
// Failed attempts are counted in memory: over 100 in a minute for one client id from one address, or over 1,000 from one address,
// further ones are answered 429 until the minute is over. Questions for device codes are limited to 120 a minute and address. IPv6
// addresses count by their /64. A replica counts for itself.
package oauth
