package notify

import (
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/directory"
)

func TestMailsReadAsPeopleWrite(t *testing.T) {
	at := time.Date(2026, 5, 4, 8, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		kind          Kind
		data          Data
		subject, line string
	}{
		{Decide, Data{}, "Please decide: access", "You are asked to decide on access."},
		{Decide, Data{App: "Warehouse", Subject: "Ada", By: "Ada"}, "Please decide: Warehouse for Ada", "You are asked to decide on Warehouse for Ada."},
		{Decided, Data{TaskNumber: 3, Entitlement: "reader", App: "Warehouse", Outcome: "granted", By: "Grace", Until: at},
			"Your request (#3) was granted: reader in Warehouse", "The access ends at 4 May 2026, 08:30 UTC."},
		{Decided, Data{App: "Warehouse", Outcome: "granted", Other: true, Lasts: 3 * time.Hour}, "The request was granted: Warehouse",
			"The access lasts 3 hours from the moment it is given."},
		{Decided, Data{App: "Warehouse", Outcome: "denied", Removal: true}, "Your request was denied: the removal of Warehouse",
			"Your request for the removal of Warehouse was denied."},
		{EndsSoon, Data{App: "Warehouse", Until: at, AppID: "A", EntitlementID: "E"}, "Your access ends soon: Warehouse",
			"The access: app A, entitlement E"},
		{EndsSoon, Data{App: "Warehouse", Until: at}, "Your access ends soon: Warehouse", "Your access to Warehouse ends at 4 May 2026, 08:30 UTC."},
		{Ended, Data{App: "Warehouse", By: "Grace", Until: at}, "Your access has ended: Warehouse",
			"Your access to Warehouse has ended at 4 May 2026, 08:30 UTC, ended by Grace."},
		{Delegate, Data{By: "Mary", From: at}, "You stand in for Mary", "From 4 May 2026, 08:30 UTC."},
		{Delegate, Data{}, "You stand in for a colleague", "You stand in for a colleague: what they would be asked to decide, you are asked."},
	} {
		m := Compose(Notification{Kind: c.kind, Data: c.data}, directory.User{DisplayName: "Linus"}, "https://interim.example.com")
		if m.Subject != c.subject || !strings.Contains(m.Text, "\n"+c.line+"\n") {
			t.Errorf("%s: %q\n%s", c.kind, m.Subject, m.Text)
		}
	}
}

func TestWhateverPeopleAreCalledAMailHasTheLinesWeWrote(t *testing.T) {
	plain := Compose(Notification{Kind: Decide, Data: Data{App: "a", Entitlement: "b", Subject: "c", By: "d", For: "e", Reason: "f"}},
		directory.User{DisplayName: "g"}, "https://interim.example.com")
	rapid.Check(t, func(t *rapid.T) {
		odd := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("\r\n\t\x00\u2028\u202e\x1b")))).Filter(func(s string) bool { return line(s) != "" })
		d := Data{App: odd.Draw(t, "app"), Entitlement: odd.Draw(t, "e"), Subject: "c", By: odd.Draw(t, "by"), For: odd.Draw(t, "for"), Reason: odd.Draw(t, "why")}
		m := Compose(Notification{Kind: Decide, Data: d}, directory.User{DisplayName: odd.Draw(t, "name")}, "https://interim.example.com")
		if d.plain().By == "c" {
			return
		}
		if got, want := strings.Count(m.Text, "\n"), strings.Count(plain.Text, "\n"); got != want {
			t.Fatalf("%d lines, want %d:\n%q", got, want, m.Text)
		}
		if strings.ContainsFunc(m.Subject+m.Name, unicode.IsControl) || strings.ContainsAny(m.Text, "\r\u2028\u202e") {
			t.Fatalf("%q %q", m.Subject, m.Text)
		}
	})
}
