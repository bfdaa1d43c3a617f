package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/interim-access/interim/internal/server"
)

// object is a JSON object as the wire has it.
type object = map[string]any

// api calls the server as its administrator.
type api struct {
	boot   server.Bootstrap
	http   *http.Client
	access string
}

// maxAnswer is the longest answer that is read.
const maxAnswer = 16 << 20

// token returns an access token, getting one the first time.
func (a *api) token(ctx context.Context) (string, error) {
	if a.access != "" {
		return a.access, nil
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {a.boot.ClientID}, "client_secret": {a.boot.ClientSecret},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.boot.URL+"/auth/v1/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		AccessToken string `json:"access_token"`
		Description string `json:"error_description"`
	}
	status, err := a.send(req, &answer)
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		return "", fmt.Errorf("the credential in bootstrap.json is not accepted: %s; for a new one run: interim admin bootstrap",
			answer.Description)
	}
	a.access = answer.AccessToken
	return a.access, nil
}

func (a *api) get(ctx context.Context, path string, answer any) error {
	return a.call(ctx, http.MethodGet, path, nil, answer)
}

func (a *api) post(ctx context.Context, path string, body, answer any) error {
	return a.call(ctx, http.MethodPost, path, body, answer)
}

// call sends a request and reads its answer; a refusal is an error with the server's words.
func (a *api) call(ctx context.Context, method, path string, body, answer any) error {
	token, err := a.token(ctx)
	if err != nil {
		return err
	}
	var r io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		r = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.boot.URL+path, r)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	var raw json.RawMessage
	status, err := a.send(req, &raw)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		var refusal struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(raw, &refusal) != nil || refusal.Message == "" {
			return fmt.Errorf("the server answered %d", status)
		}
		return fmt.Errorf("%s", refusal.Message)
	}
	return json.Unmarshal(raw, answer)
}

func (a *api) send(req *http.Request, answer any) (int, error) {
	res, err := a.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(answer); err != nil {
		return 0, fmt.Errorf("%s is no Interim server: its answer is not JSON", a.boot.URL)
	}
	return res.StatusCode, nil
}

// user finds a user by id or e-mail address.
func (a *api) user(ctx context.Context, who string) (string, error) {
	if !strings.Contains(who, "@") {
		return url.PathEscape(who), nil
	}
	var found struct{ List []struct{ UserID string } }
	if err := a.post(ctx, "/api/v1/search/users", object{"email": who}, &found); err != nil {
		return "", err
	}
	if len(found.List) != 1 {
		return "", fmt.Errorf("no user has the address %s", who)
	}
	return found.List[0].UserID, nil
}
