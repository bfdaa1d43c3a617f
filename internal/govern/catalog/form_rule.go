package catalog

import (
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/platform/fault"
)

// stringRules are validate.StringRules in their JSON spelling. Lengths are of characters, except where they say bytes.
type stringRules struct {
	Const          *string  `json:"const"`
	Len            *number  `json:"len"`
	MinLen         *number  `json:"minLen"`
	MaxLen         *number  `json:"maxLen"`
	LenBytes       *number  `json:"lenBytes"`
	MinBytes       *number  `json:"minBytes"`
	MaxBytes       *number  `json:"maxBytes"`
	Pattern        *string  `json:"pattern"` // found anywhere in the text, as RE2 reads it
	Prefix         *string  `json:"prefix"`
	Suffix         *string  `json:"suffix"`
	Contains       *string  `json:"contains"`
	NotContains    *string  `json:"notContains"`
	In             []string `json:"in"`
	NotIn          []string `json:"notIn"`
	Email          bool     `json:"email"`
	Hostname       bool     `json:"hostname"`
	IP             bool     `json:"ip"`
	IPv4           bool     `json:"ipv4"`
	IPv6           bool     `json:"ipv6"`
	URI            bool     `json:"uri"`
	URIRef         bool     `json:"uriRef"`
	Address        bool     `json:"address"`
	UUID           bool     `json:"uuid"`
	WellKnownRegex string   `json:"wellKnownRegex"`
	Strict         *bool    `json:"strict"` // of WellKnownRegex; none: true
	IgnoreEmpty    bool     `json:"ignoreEmpty"`
}

// The values of wellKnownRegex.
const (
	noRegex     = "UNKNOWN"
	headerName  = "HTTP_HEADER_NAME"
	headerValue = "HTTP_HEADER_VALUE"
)

func (r *stringRules) validate(at string) error {
	if r == nil {
		return nil
	}
	if !slices.Contains([]string{"", noRegex, headerName, headerValue}, r.WellKnownRegex) {
		return fault.InvalidField(at+".wellKnownRegex", "must be %s or %s", headerName, headerValue)
	}
	if r.Pattern != nil {
		if len(*r.Pattern) > MaxPattern {
			return fault.InvalidField(at+".pattern", "has %d bytes; at most %d are allowed", len(*r.Pattern), MaxPattern)
		}
		if _, err := regexp.Compile(*r.Pattern); err != nil {
			return fault.InvalidField(at+".pattern", "is no pattern that RE2 reads")
		}
	}
	return count(at, len(r.In)+len(r.NotIn), MaxOptions)
}

var (
	hostname = regexp.MustCompile(`^(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?))*\.?$`)
	uuidText = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
)

// check answers Invalid unless s keeps the rules; nil rules are kept by everything.
func (r *stringRules) check(at, s string) error {
	if r == nil || s == "" && r.IgnoreEmpty {
		return nil
	}
	return first(r.lengths(at, s), r.parts(at, s), r.wellKnown(at, s))
}

func (r *stringRules) lengths(at, s string) error {
	chars, bytes := number(utf8.RuneCountInString(s)), number(len(s))
	for _, c := range []struct {
		limit *number
		ok    func(limit number) bool
		what  string
	}{
		{r.Len, func(n number) bool { return chars == n }, "must have exactly %d characters"},
		{r.MinLen, func(n number) bool { return chars >= n }, "must have at least %d characters"},
		{r.MaxLen, func(n number) bool { return chars <= n }, "must have at most %d characters"},
		{r.LenBytes, func(n number) bool { return bytes == n }, "must have exactly %d bytes"},
		{r.MinBytes, func(n number) bool { return bytes >= n }, "must have at least %d bytes"},
		{r.MaxBytes, func(n number) bool { return bytes <= n }, "must have at most %d bytes"},
	} {
		if c.limit != nil && !c.ok(*c.limit) {
			return fault.InvalidField(at, c.what, *c.limit)
		}
	}
	return nil
}

func (r *stringRules) parts(at, s string) error {
	for _, c := range []struct {
		want *string
		ok   func(s, want string) bool
		what string
	}{
		{r.Const, func(s, want string) bool { return s == want }, "must be %q"},
		{r.Prefix, strings.HasPrefix, "must begin with %q"},
		{r.Suffix, strings.HasSuffix, "must end with %q"},
		{r.Contains, strings.Contains, "must contain %q"},
		{r.NotContains, func(s, not string) bool { return !strings.Contains(s, not) }, "must not contain %q"},
		{r.Pattern, matches, "must match the pattern %s"},
	} {
		if c.want != nil && !c.ok(s, *c.want) {
			return fault.InvalidField(at, c.what, *c.want)
		}
	}
	switch {
	case len(r.In) > 0 && !slices.Contains(r.In, s):
		return fault.InvalidField(at, "is none of the values that are allowed")
	case slices.Contains(r.NotIn, s):
		return fault.InvalidField(at, "is a value that is not allowed")
	default:
		return nil
	}
}

func matches(s, pattern string) bool {
	p, err := regexp.Compile(pattern)
	return err == nil && p.MatchString(s)
}

func (r *stringRules) wellKnown(at, s string) error {
	address, noAddress := netip.ParseAddr(s)
	isHost := len(s) <= 253 && hostname.MatchString(s)
	for _, c := range []struct {
		wanted, ok bool
		what       string
	}{
		{r.Email, isEmail(s), "an e-mail address"},
		{r.Hostname, isHost, "a host name"},
		{r.IP, noAddress == nil, "an IP address"},
		{r.IPv4, noAddress == nil && address.Is4(), "an IPv4 address"},
		{r.IPv6, noAddress == nil && address.Is6(), "an IPv6 address"},
		{r.Address, isHost || noAddress == nil, "a host name or an IP address"},
		{r.URI, isURI(s, true), "an absolute URI"},
		{r.URIRef, isURI(s, false), "a URI"},
		{r.UUID, uuidText.MatchString(s), "a UUID"},
		{r.WellKnownRegex == headerName, isHeaderName(s, r.strict()), "the name of an HTTP header"},
		{r.WellKnownRegex == headerValue, isHeaderValue(s, r.strict()), "the value of an HTTP header"},
	} {
		if c.wanted && !c.ok {
			return fault.InvalidField(at, "must be %s", c.what)
		}
	}
	return nil
}

func (r *stringRules) strict() bool { return r.Strict == nil || *r.Strict }

// token is a name as RFC 9110 has it; HTTP/2 puts a colon before some.
var token = regexp.MustCompile("^:?[0-9A-Za-z!#$%&'*+.^_`|~-]+$")

func isHeaderName(s string, strict bool) bool {
	if !strict {
		return s != "" && isHeaderValue(s, false)
	}
	return token.MatchString(s)
}

// isHeaderValue refuses what would end a header: anything that is not strict ends no line; what is has no control characters but tabs.
func isHeaderValue(s string, strict bool) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		if !strict {
			return r == 0 || r == '\n' || r == '\r'
		}
		return r < ' ' && r != '\t' || r == 0x7f
	})
}

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

func isURI(s string, absolute bool) bool {
	u, err := url.Parse(s)
	return err == nil && (!absolute || u.IsAbs())
}

// intRules are validate.Int64Rules.
type intRules struct {
	Const       *number  `json:"const"`
	Lt          *number  `json:"lt"`
	Lte         *number  `json:"lte"`
	Gt          *number  `json:"gt"`
	Gte         *number  `json:"gte"`
	In          []number `json:"in"`
	NotIn       []number `json:"notIn"`
	IgnoreEmpty bool     `json:"ignoreEmpty"`
}

func (r *intRules) check(at string, n number) error {
	if r == nil || n == 0 && r.IgnoreEmpty {
		return nil
	}
	for _, c := range []struct {
		limit *number
		ok    func(limit number) bool
		what  string
	}{
		{r.Const, func(l number) bool { return n == l }, "must be %d"},
		{r.Lt, func(l number) bool { return n < l }, "must be less than %d"},
		{r.Lte, func(l number) bool { return n <= l }, "must be at most %d"},
		{r.Gt, func(l number) bool { return n > l }, "must be more than %d"},
		{r.Gte, func(l number) bool { return n >= l }, "must be at least %d"},
	} {
		if c.limit != nil && !c.ok(*c.limit) {
			return fault.InvalidField(at, c.what, *c.limit)
		}
	}
	switch {
	case len(r.In) > 0 && !slices.Contains(r.In, n):
		return fault.InvalidField(at, "is none of the values that are allowed")
	case slices.Contains(r.NotIn, n):
		return fault.InvalidField(at, "is a value that is not allowed")
	default:
		return nil
	}
}

// sliceRules are validate.RepeatedRules; Items are validate.FieldRules, of which only those of texts fit.
type sliceRules struct {
	MinItems    *number                 `json:"minItems"`
	MaxItems    *number                 `json:"maxItems"`
	Unique      bool                    `json:"unique"`
	Items       map[string]*stringRules `json:"items"`
	IgnoreEmpty bool                    `json:"ignoreEmpty"`
}

func (r *sliceRules) check(at string, list []string) error {
	if r == nil || len(list) == 0 && r.IgnoreEmpty {
		return nil
	}
	n := number(len(list))
	switch {
	case r.MinItems != nil && n < *r.MinItems:
		return fault.InvalidField(at, "must have at least %d values", *r.MinItems)
	case r.MaxItems != nil && n > *r.MaxItems:
		return fault.InvalidField(at, "must have at most %d values", *r.MaxItems)
	case r.Unique && len(slices.Compact(slices.Sorted(slices.Values(list)))) < len(list):
		return fault.InvalidField(at, "has a value twice")
	}
	for _, s := range list {
		if err := r.Items["string"].check(at, s); err != nil {
			return err
		}
	}
	return nil
}
