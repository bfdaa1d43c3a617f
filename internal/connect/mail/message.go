package mail

import (
	"bytes"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/platform/fault"
)

// compose writes a mail as it goes over the wire (RFC 5322, MIME).
func (s *Sender) compose(m notify.Message) ([]byte, error) {
	to, err := mail.ParseAddress(m.Address)
	if err != nil || to.Address != m.Address || !oneLine(m.Address) {
		return nil, fault.New(fault.Invalid, "the recipient's address is none that mails can be sent to")
	}
	if !oneLine(m.Subject) || !oneLine(m.Name) {
		return nil, fault.New(fault.Invalid, "a header would have more than one line")
	}
	to.Name = m.Name
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", s.from.String()},
		{"To", to.String()},
		{"Subject", mime.QEncoding.Encode("utf-8", m.Subject)},
		{"Date", s.clock.Now().Format(time.RFC1123Z)},
		{"Message-ID", "<" + string(m.ID) + "@" + domain(s.from.Address) + ">"},
		{"Auto-Submitted", "auto-generated"}, // no out-of-office notes come back
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		b.WriteString(folded(h[0]+": "+h[1]) + "\r\n")
	}
	b.WriteString("\r\n")
	w := quotedprintable.NewWriter(&b)
	if _, err := w.Write([]byte(strings.ReplaceAll(m.Text, "\n", "\r\n"))); err != nil {
		return nil, err
	}
	return b.Bytes(), w.Close()
}

// folded breaks a header before words, so that no line of it is longer than mail servers take (RFC 5322: 998 characters): what is not
// ASCII takes many times its length, and a mail with such a line never arrives.
func folded(header string) string {
	const most = 76
	var b strings.Builder
	at := 0
	for n, word := range strings.Split(header, " ") {
		switch {
		case n == 0:
		case n > 1 && word != "" && at+len(word) >= most:
			b.WriteString("\r\n ")
			at = 1
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}

// oneLine refuses what could end a header, whoever let it come so far.
func oneLine(s string) bool { return !strings.ContainsFunc(s, unicode.IsControl) }

func domain(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
