package c1_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/iam"
)

func TestEventsSpellIdentitiesAsTheDoorDoes(t *testing.T) {
	uuid := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	onDoors(t, "", func(d *door) {
		d.person("Ada", "system:owner")
		d.who.ClientKey = "019b0000-0000-7000-8000-000000000001"
		role := c1.KSUID(iam.BuiltinID("system:viewer"))
		d.made("client", "client.id", "A credential", "/api/v1/iam/personal_clients", fmt.Sprintf(`{"scopedRoles":[%q]}`, role))
		events := d.call("POST", "/api/v1/systemlog/events", `{"pageSize":1,"sortDirection":"SORT_DIRECTION_DESC"}`)
		shown := fmt.Sprint(events.body)
		if found := uuid.FindString(shown); found != "" {
			d.Errorf("the log shows %s: %s", found, shown)
		}
		for _, want := range []string{"scopedRoles:[" + role + "]", "client_id:" + c1.KSUID(d.who.ClientKey)} {
			if !strings.Contains(shown, want) {
				d.Errorf("the log does not show %s: %s", want, shown)
			}
		}
	})
}
