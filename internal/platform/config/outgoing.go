package config

import (
	"errors"
	"fmt"
	"net/mail"
	"net/url"
	"strings"
)

// checkSMTP never shows the URL, which may hold a password.
func checkSMTP(v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || !isHost(u.Hostname()) || u.Port() != "" && !isPort(u.Port()) ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("want smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS from the start")
	}
	return nil
}

func checkSender(v string) error {
	if a, err := mail.ParseAddress(v); err != nil || strings.ContainsAny(a.Address+a.Name, "\x00\r\n") {
		return fmt.Errorf("%.300q: want an address such as \"Interim <interim@example.com>\"", v)
	}
	return nil
}
