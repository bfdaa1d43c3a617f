package oauth

import (
	"net/http"
	"time"

	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

type deviceView struct {
	Code, App, IP string
	Since         string // RFC 1123 with the zone
}

// showDevice asks for the code a device shows, or, given one, whether to let that device in.
func (d *door) showDevice(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Query().Get("user_code")
	s, err := d.session(r)
	if err != nil {
		if fault.Is(err, fault.Unauthenticated) {
			rememberCode(w, code)
		}
		d.sorry(w, r, session{}, err)
		return
	}
	if code == "" {
		d.show(w, r, http.StatusOK, "code", view{Title: "Let a device in", Session: s})
		return
	}
	var req iam.DeviceRequest
	err = d.guess(r, s, func() (err error) {
		req, err = d.iam.DeviceRequest(r.Context(), code)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		d.show(w, r, http.StatusNotFound, "code", view{
			Title: "Let a device in", Session: s, Text: "No device waits with that code. Codes last ten minutes and are good once.",
		})
		return
	}
	if err != nil {
		d.sorry(w, r, s, err)
		return
	}
	d.show(w, r, http.StatusOK, "device", view{Title: "Let this device in?", Session: s, Data: deviceView{
		Code: code, App: req.App, IP: req.IP, Since: req.CreatedAt.Format(time.RFC1123),
	}})
}

// decideDevice takes the person's answer.
func (d *door) decideDevice(w http.ResponseWriter, r *http.Request) {
	s, f, err := d.sessionForm(w, r)
	if err == nil && f["decision"] != "approve" && f["decision"] != "deny" {
		err = fault.InvalidField("decision", "must be approve or deny")
	}
	approve := f["decision"] == "approve"
	if err == nil {
		err = d.guess(r, s, func() error {
			return d.iam.AnswerDevice(iam.WithPrincipal(r.Context(), s.Principal), f["user_code"], approve)
		})
	}
	if err != nil {
		d.sorry(w, r, s, err)
		return
	}
	v := view{Title: "Device turned away", Session: s, Text: "It gets no access."}
	if approve {
		v.Title, v.Text = "Device let in", "It may act for you for an hour. You can close this page."
	}
	d.show(w, r, http.StatusOK, "message", v)
}

// guess runs try, which looks a user code up. One that no device shows counts against the person and the network it came from;
// beyond the limit try is not run. A token is taken before and given back after, so that guesses at the same moment count too.
func (d *door) guess(r *http.Request, s session, try func() error) error {
	person, network := "user "+string(s.UserID), guard.Network(guard.IP(r.Context())).String()
	if err := d.wrongCodes.Take(person); err != nil {
		return err
	}
	if err := d.wrongCodes.Take(network); err != nil {
		d.wrongCodes.Return(person)
		return err
	}
	err := try()
	if !fault.Is(err, fault.NotFound) {
		d.wrongCodes.Return(person)
		d.wrongCodes.Return(network)
	}
	return err
}
