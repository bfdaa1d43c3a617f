package directory

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/platform/fault"
)

func TestAUserKeepsWithinTheLimits(t *testing.T) {
	long := strings.Repeat("x", MaxName+1)
	for name, c := range map[string]struct {
		user  User
		field string
	}{
		"no name":             {User{DisplayName: "  "}, "displayName"},
		"long name":           {User{DisplayName: long}, "displayName"},
		"long title":          {User{DisplayName: "Ada", JobTitle: long}, "jobTitle"},
		"no address":          {User{DisplayName: "Ada", Email: "not an address"}, "email"},
		"address with a name": {User{DisplayName: "Ada", Email: "Ada <ada@example.com>"}, "email"},
		"long address":        {User{DisplayName: "Ada", Email: strings.Repeat("a", MaxEmail) + "@example.com"}, "email"},
		"many managers":       {User{DisplayName: "Ada", ManagerIDs: make([]UserID, MaxList+1)}, "managerIds"},
		"bad second address":  {User{DisplayName: "Ada", Profile: Profile{Emails: []string{"x"}}}, "emails[0]"},
		"NUL":                 {User{DisplayName: "A\x00da"}, "displayName"},
		"escape in a title":   {User{DisplayName: "Ada", JobTitle: "x\x1b[2J"}, "jobTitle"},
		"line in a name":      {User{DisplayName: "Ada\r\nGrace"}, "displayName"},
		"turned department":   {User{DisplayName: "Ada", Department: "\u202efloW"}, "department"},
		"turned address":      {User{DisplayName: "Ada", Email: "\"\u202ea\"@example.com"}, "email"},
		"escape in attribute": {User{DisplayName: "Ada", Profile: Profile{Attributes: map[string]string{"a": "\x1b"}}}, "profile.a"},
		"line in its name":    {User{DisplayName: "Ada", Profile: Profile{Attributes: map[string]string{"a\nb": "x"}}}, "profile"},
		"broken UTF-8":        {User{DisplayName: "A\xffda"}, "displayName"},
		"long attribute":      {User{DisplayName: "Ada", Profile: Profile{Attributes: map[string]string{"a": strings.Repeat("x", MaxAttr+1)}}}, "profile.a"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.user.Validate()
			if !fault.Is(err, fault.Invalid) || fault.Of(err).Field != c.field {
				t.Errorf("%v, want Invalid about %s", err, c.field)
			}
		})
	}
	if err := (User{DisplayName: strings.Repeat("ä", MaxName), Email: "ada@example.com"}).Validate(); err != nil {
		t.Errorf("a user at the limits: %v", err)
	}
}

func TestNormalizingTwiceIsNormalizingOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u := User{
			DisplayName: rapid.String().Draw(t, "name"),
			Email:       rapid.String().Draw(t, "email"),
			ManagerIDs:  rapid.SliceOf(rapid.Map(rapid.StringN(1, 3, -1), func(s string) UserID { return UserID(s) })).Draw(t, "managers"),
		}
		u.normalize()
		again := u
		again.normalize()
		if len(changes(u, again)) != 0 {
			t.Fatalf("%v became %v", u, again)
		}
	})
}
