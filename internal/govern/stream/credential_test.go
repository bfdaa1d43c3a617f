package stream_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/stream"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestMessagesAreSignedWithEachSecret(t *testing.T) {
	each(t, func(w *world) {
		given := strings.Repeat("s", 20)
		s, err := w.streams.Create(w.ctx, "SIEM", address, stream.Credentials{Auth: stream.HMAC, Secrets: [2]stream.Secret{
			{Wanted: true}, {Wanted: true, Value: given},
		}})
		w.ok(err)
		w.due(w.streams)
		sent := w.taken()
		if len(sent) != 1 || sent[0].URL != address || s.Credentials.Secrets[1].Value != given {
			t.Fatalf("%+v %v", s, sent)
		}
		var want []string
		for _, secret := range s.Credentials.Secrets {
			mac := hmac.New(sha256.New, []byte(secret.Value))
			fmt.Fprintf(mac, "v0:%s:%s", sent[0].Header.Get("X-At"), sent[0].Body)
			want = append(want, hex.EncodeToString(mac.Sum(nil)))
		}
		if got := sent[0].Header.Get("X-Signature"); got != strings.Join(want, ", ") || sent[0].Header.Get("X-At") != fmt.Sprint(w.clock.Now().Unix()) {
			t.Errorf("got %q", got)
		}
		// The second takes the place of the first, and nothing is shown again.
		one, two := s.Credentials.Secrets[0], s.Credentials.Secrets[1]
		rotated := stream.Credentials{Auth: stream.HMAC, Secrets: [2]stream.Secret{{Wanted: true, ID: two.ID}, {Wanted: true}}}
		after, err := w.streams.Update(w.ctx, s.ID, stream.Change{Credentials: &rotated})
		w.ok(err)
		got := after.Credentials.Secrets
		if got[0].ID != two.ID || got[0].Value != "" || got[1].Value == "" || got[1].ID == one.ID {
			t.Errorf("%+v", got)
		}
		if kept := w.read(s.ID).Credentials.Secrets; kept[0].Value != "" || kept[1].Value != "" || kept[1].ID != got[1].ID {
			t.Errorf("shown again: %+v", kept)
		}
	})
}

func TestSecretsAreSealedAndInNoEvent(t *testing.T) {
	each(t, func(w *world) {
		s := w.stream()
		var raw []byte
		w.ok(w.db.Q(w.ctx).Row(`select credentials from event_stream where id = $1`, string(s.ID)).Scan(&raw))
		secret := s.Credentials.Secrets[0].Value
		if len(secret) < 40 || strings.Contains(string(raw), secret) {
			t.Errorf("the secret %q lies open", secret)
		}
		all, err := w.log.Between(w.ctx, 0, 1<<40, 100)
		w.ok(err)
		for _, e := range all {
			if text := fmt.Sprintf("%+v", e); strings.Contains(text, secret) || strings.Contains(text, "hidden") {
				t.Errorf("an event tells: %s", text)
			}
		}
	})
}

func TestAPIKeysGoWhereTheyWereGivenForAndNowhereElse(t *testing.T) {
	each(t, func(w *world) {
		key := func(k stream.Key) stream.Credentials {
			return stream.Credentials{Auth: stream.APIKey, Keys: []stream.Key{k}}
		}
		s, err := w.streams.Create(w.ctx, "SIEM", address, stream.Credentials{Auth: stream.APIKey, Keys: []stream.Key{
			{Name: "X-Api-Key", Value: "opensesame", In: stream.Header}, {Name: "token", Value: "a&b", In: stream.Query},
		}})
		w.ok(err)
		w.due(w.streams)
		sent := w.taken()
		if len(sent) != 1 || sent[0].Header.Get("X-Api-Key") != "opensesame" || sent[0].URL != address+"&token=a%26b" ||
			sent[0].Header.Get("X-Signature") != "" {
			t.Fatalf("%+v", sent)
		}
		elsewhere, there := "https://evil.example.com/in", "https://siem.example.com/elsewhere"
		kept := stream.Credentials{Auth: stream.APIKey, Keys: []stream.Key{
			{ID: s.Credentials.Keys[0].ID, Name: "X-Api-Key", In: stream.Header},
		}}
		for _, c := range []stream.Change{{URL: &elsewhere}, {URL: &elsewhere, Credentials: &kept}} {
			_, err = w.streams.Update(w.ctx, s.ID, c)
			w.refused(err, fault.Invalid, "another host")
		}
		after, err := w.streams.Update(w.ctx, s.ID, stream.Change{URL: &there, Credentials: &kept})
		w.ok(err)
		if len(after.Credentials.Keys) != 1 || after.Credentials.Keys[0].Value != "" {
			t.Errorf("%+v", after.Credentials)
		}
		w.happens("x")
		w.clock.Advance(time.Second)
		w.due(w.streams)
		if sent = w.taken(); len(sent) == 0 || sent[0].Header.Get("X-Api-Key") != "opensesame" || sent[0].URL != there {
			t.Errorf("%+v", sent)
		}
		fresh := key(stream.Key{Name: "X-Api-Key", Value: "another", In: stream.Header})
		after, err = w.streams.Update(w.ctx, s.ID, stream.Change{URL: &elsewhere, Credentials: &fresh})
		w.ok(err)
		if after.URL != elsewhere || after.Credentials.Keys[0].Value != "another" {
			t.Errorf("%+v", after)
		}
		for words, k := range map[string]stream.Key{
			"yours to set": {Name: "Host", Value: "x", In: stream.Header}, "value: is required": {Name: "X", In: stream.Header},
			"value: must": {Name: "X", Value: "a\r\nX-Evil: 1", In: stream.Header}, "name: must be 1 to": {Value: "x", In: stream.Query},
			"in: is not known": {Name: "X", Value: "x"}, "yours": {Name: "X\r\nY", Value: "x", In: stream.Header},
		} {
			_, err := w.streams.Create(w.ctx, "SIEM", address, key(k))
			w.refused(err, fault.Invalid, words)
		}
		_, err = w.streams.Create(w.ctx, "SIEM", address, stream.Credentials{Auth: stream.APIKey})
		w.refused(err, fault.Invalid, "1 to 10")
	})
}

func TestAnHMACThatIsSaidAgainKeepsItsSecrets(t *testing.T) {
	each(t, func(w *world) {
		s, err := w.streams.Create(w.ctx, "SIEM", address, stream.Credentials{Auth: stream.HMAC, Secrets: [2]stream.Secret{{Wanted: true}, {Wanted: true}}})
		w.ok(err)
		for name, said := range map[string]stream.Credentials{
			"nothing of them":       {Auth: stream.HMAC},
			"that there are to be":  {Auth: stream.HMAC, Secrets: [2]stream.Secret{{Wanted: true}, {Wanted: true}}},
			"the second by its own": {Auth: stream.HMAC, Secrets: [2]stream.Secret{{Wanted: true}, {Wanted: true, ID: s.Credentials.Secrets[1].ID}}},
		} {
			after, err := w.streams.Update(w.ctx, s.ID, stream.Change{Credentials: &said})
			w.ok(err)
			for i, kept := range after.Credentials.Secrets {
				if kept.ID != s.Credentials.Secrets[i].ID || kept.Value != "" {
					w.Errorf("%s: secret %d is %+v", name, i, kept)
				}
			}
		}
		none := stream.Credentials{Auth: stream.None}
		_, err = w.streams.Update(w.ctx, s.ID, stream.Change{Credentials: &none})
		w.ok(err)
		after, err := w.streams.Update(w.ctx, s.ID, stream.Change{Credentials: &stream.Credentials{Auth: stream.HMAC}})
		w.ok(err)
		if fresh := after.Credentials.Secrets[0]; fresh.Value == "" || fresh.Value == s.Credentials.Secrets[0].Value {
			w.Errorf("after none there is %+v", fresh)
		}
	})
}
