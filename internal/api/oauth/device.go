package oauth

import (
	"net/http"
	"net/url"
	"time"

	"github.com/interim-access/interim/internal/api/guard"
)

// pollEvery is the pause between a device's questions that it is asked to keep. One that does not keep it is answered all the same.
const pollEvery = 2 * time.Second

type deviceAnswer struct {
	DeviceCode              string `json:"device_code"`
	UserCode                string `json:"user_code"`
	VerificationURI         string `json:"verification_uri"`
	VerificationURIComplete string `json:"verification_uri_complete"`
	ExpiresIn               int    `json:"expires_in"` // seconds
	Interval                int    `json:"interval"`   // seconds
}

// start answers a device that wants to be let in.
func (d *door) start(w http.ResponseWriter, r *http.Request) {
	ctx, ip := r.Context(), guard.IP(r.Context())
	f, err := readForm(w, r)
	if err == nil {
		err = f.required("client_id")
	}
	if err == nil {
		err = d.starts.Take(guard.Network(ip))
	}
	if err != nil {
		d.fail(ctx, w, err)
		return
	}
	code, err := d.iam.StartDevice(ctx, f["client_id"], ip)
	if err != nil {
		d.fail(ctx, w, err)
		return
	}
	page := d.publicURL + devicePath
	answer(w, http.StatusOK, deviceAnswer{
		DeviceCode: code.Device, UserCode: code.User,
		VerificationURI: page, VerificationURIComplete: page + "?user_code=" + url.QueryEscape(code.User),
		ExpiresIn: int(code.Life / time.Second), Interval: int(pollEvery / time.Second),
	})
}
