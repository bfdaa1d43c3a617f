package notify

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/id"
)

// Message is a mail: plain text, to one person.
type Message struct {
	ID      ID     // names the mail however often it is sent
	Name    string // of whom it is to; one line
	Address string
	Subject string // one line
	Text    string // lines end in "\n"
}

// Compose writes what n tells u. It names requests and access as programs ask for them, and links to nothing: there is no page of one.
func Compose(n Notification, u directory.User, publicURL string) Message {
	d := n.Data.plain()
	subject, lines := d.words(n.Kind)
	var b strings.Builder
	fmt.Fprintf(&b, "Hello %s,\n\n", line(u.DisplayName))
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	if d.Reason != "" {
		fmt.Fprintf(&b, "Reason: %s\n", d.Reason)
	}
	if d.AppID != "" && d.EntitlementID != "" {
		fmt.Fprintf(&b, "\nThe access: app %s, entitlement %s\n", d.AppID, d.EntitlementID)
	}
	if n.TaskID != "" {
		fmt.Fprintf(&b, "\nThe request: task %s\n", id.KSUID(n.TaskID))
	}
	fmt.Fprintf(&b, "\nThis was sent by Interim at %s. Its API lets you choose what you are told.\n", publicURL)
	return Message{ID: n.ID, Name: line(u.DisplayName), Address: u.Email, Subject: subject, Text: b.String()}
}

// span is a length of time in words: "3 days", "90 minutes".
func span(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := d / unit.of; n > 0 && d%unit.of == 0 {
			if n == 1 {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return d.String()
}

func (d Data) words(kind Kind) (subject string, lines []string) {
	what, number := d.what(), d.number()
	if d.Removal {
		what = "the removal of " + what
	}
	switch kind {
	case Decide:
		subject = "Please decide" + number + ": " + what
		if d.Subject != "" {
			subject += " for " + d.Subject
		}
		lines = []string{"You are asked to decide on " + what + or(d.Subject, " for %s") + "."}
		if d.By != "" && d.By != d.Subject {
			lines = append(lines, d.By+" asked for it.")
		}
		if d.For != "" {
			lines = append(lines, "You decide for "+d.For+".")
		}
		if d.Lasts > 0 {
			lines = append(lines, "The access would last "+span(d.Lasts)+".")
		}
		if !d.Until.IsZero() {
			lines = append(lines, "The access would end at "+moment(d.Until)+".")
		}
	case Decided:
		outcome := d.Outcome
		if outcome == "" {
			outcome = "decided"
		}
		whose := "Your request"
		if d.Other {
			whose = "The request"
		}
		subject = whose + number + " was " + outcome + ": " + what
		lines = []string{whose + " for " + what + or(d.Subject, " for %s") + " was " + outcome + or(d.By, " by %s") + "."}
		if d.Lasts > 0 && !d.Removal && d.Outcome == "granted" {
			lines = append(lines, "The access lasts "+span(d.Lasts)+" from the moment it is given.")
		}
		if !d.Until.IsZero() {
			lines = append(lines, "The access ends at "+moment(d.Until)+".")
		}
	case EndsSoon:
		subject = "Your access ends soon: " + what
		lines = []string{"Your access to " + what + " ends" + at(d.Until) + ".", "Do you need it for longer? Ask for an extension before then."}
	case Ended:
		subject = "Your access has ended: " + what
		lines = []string{"Your access to " + what + " has ended" + at(d.Until) + or(d.By, ", ended by %s") + ".",
			"Do you still need it? Ask for it again."}
	case Delegate:
		subject = "You stand in for " + someone(d.By)
		lines = []string{"You stand in for " + someone(d.By) + ": what they would be asked to decide, you are asked."}
		if !d.From.IsZero() {
			lines = append(lines, "From "+moment(d.From)+".")
		}
		if !d.Until.IsZero() {
			lines = append(lines, "Until "+moment(d.Until)+".")
		}
	}
	return subject, lines
}

func (d Data) what() string {
	switch {
	case d.Entitlement != "" && d.App != "":
		return d.Entitlement + " in " + d.App
	case d.Entitlement != "" || d.App != "":
		return d.Entitlement + d.App
	default:
		return "access"
	}
}

func (d Data) number() string {
	if d.TaskNumber == 0 {
		return ""
	}
	return fmt.Sprintf(" (#%d)", d.TaskNumber)
}

// plain makes every text one line.
func (d Data) plain() Data {
	for _, s := range []*string{&d.App, &d.Entitlement, &d.Subject, &d.By, &d.For, &d.Outcome, &d.Reason} {
		*s = line(*s)
	}
	return d
}

// line makes one line of a text: what would break it, or be anything but text to whoever shows it, becomes a space. The threat: a name
// that ends the subject and begins a header, or turns the text around it.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
	s = strings.Join(strings.Fields(s), " ")
	return cut(s)
}

func cut(s string) string {
	if r := []rune(s); len(r) > maxText {
		return string(r[:maxText-1]) + "…"
	}
	return s
}

func or(s, format string) string {
	if s == "" {
		return ""
	}
	return fmt.Sprintf(format, s)
}

func someone(name string) string {
	if name == "" {
		return "a colleague"
	}
	return name
}

func at(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " at " + moment(t)
}

func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 MST") }
