package app

import (
	"bytes"

	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
)

// callsWebhooks is what entitlements are to webhooks: something that has them called.
const callsWebhooks = "entitlement"

// means writes down which webhooks are called when an entitlement is given and taken, where that changed. Invalid about the field that
// names one that is not there.
func means(tx *db.Tx, before, after Entitlement) error {
	if bytes.Equal(before.Provision, after.Provision) && bytes.Equal(before.Deprovision, after.Deprovision) {
		return nil
	}
	giving, err := webhook.Named("provisionerPolicy", after.Provision)
	if err != nil {
		return err
	}
	taking, err := webhook.Named("deprovisionerPolicy", after.Deprovision)
	if err != nil {
		return err
	}
	return webhook.Refer(tx, webhook.User{Kind: callsWebhooks, App: string(after.AppID), ID: string(after.ID)}, append(giving, taking...))
}
