package main

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// bare answers checks and reads of grants with the server's own SQL (statements.go), in the plainest way that Go has.
func bare(d *db.DB) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /check", func(w http.ResponseWriter, r *http.Request) {
		var q struct{ UserID, AppID, AppEntitlementID string }
		err := json.NewDecoder(r.Body).Decode(&q)
		var answer checked
		if err == nil {
			answer, err = check(d.Q(r.Context()), q.AppID, q.AppEntitlementID, q.UserID)
		}
		write(w, answer, err)
	})
	mux.HandleFunc("GET /apps/{app}/entitlements/{entitlement}/users/{user}/grants", func(w http.ResponseWriter, r *http.Request) {
		list, err := heldBy(d.Q(r.Context()), r.PathValue("app"), r.PathValue("entitlement"), r.PathValue("user"))
		write(w, map[string]any{"bindings": list}, err)
	})
	return mux
}

func write(w http.ResponseWriter, answer any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		answer = map[string]string{"message": err.Error()}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// checked is the answer to a check.
type checked struct {
	Allowed bool       `json:"allowed"`
	Reason  string     `json:"reason"`
	Until   *time.Time `json:"until"`
}

func check(q db.Q, app, entitlement, user string) (c checked, err error) {
	now := time.Now()
	rows, err := q.Query(checkSQL, app, entitlement, user)
	if err != nil {
		return c, err
	}
	defer rows.Close()
	for rows.Next() {
		var appGone, entitlementGone, before bool
		var who, account, status, owner, state, direct *string
		var derived, derivedEnd, end, active, ending *int64
		var force *bool
		err := rows.Scan(&appGone, &entitlementGone, &who, &account, &status, &owner, &state, &direct, &derived, &derivedEnd, &end, &force,
			&active, &ending, &before)
		if err != nil {
			return c, err
		}
		if appGone || entitlementGone || state == nil || *state != "active" || *status != "ENABLED" || owner != nil && *owner != "ENABLED" {
			continue
		}
		c.Allowed, c.Reason = end == nil || now.Before(clock.FromMicros(*end)), "granted"
		if end != nil {
			until := clock.FromMicros(*end)
			c.Until = &until
		}
	}
	return c, rows.Err()
}
