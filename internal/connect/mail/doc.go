// Package mail carries mails to one mail server, which takes them from there.
//
// Plain SMTP is spoken to this machine only; to any other the connection is encrypted, from the start (smtps) or by STARTTLS, or no
// mail is sent: a network between must neither read a mail nor the password. The headers are made of one-line texts and encoded, so
// that no name can add one.
package mail
