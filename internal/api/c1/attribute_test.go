package c1_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/attribute"
	"github.com/interim-access/interim/internal/govern/iam"
)

// classing puts attributes behind the door.
func (d *door) classing() {
	d.Helper()
	d.deps.Attributes = attribute.New(attribute.Deps{DB: d.deps.DB, Clock: d.clock, Audit: d.deps.Audit, Uses: d.deps.Apps})
	d.names[c1.KSUID(attribute.RiskLevel)], d.names[c1.KSUID(attribute.Compliance)] = "risk-levels", "frameworks"
}

const (
	attributesPath = "/api/v1/attributes"
	risksPath      = attributesPath + "/risk_levels"
	frameworksPath = attributesPath + "/compliance_frameworks"
	classesSearch  = "/api/v1/search/attributes"
)

// plainEntitlement makes an app with a resource, and returns its entitlements' path and the body of a new entitlement.
func (d *door) plainEntitlement(more string) (path, body string) {
	d.Helper()
	appID := d.need(http.StatusOK, "", "POST", "/api/v1/apps", `{"displayName":"Wiki"}`).text("app.id")
	base := "/api/v1/apps/" + appID
	typ := d.need(http.StatusOK, "", "POST", base+"/resource_types", `{"displayName":"Spaces","resourceType":"CUSTOM"}`).text("appResourceType.id")
	res := d.need(http.StatusOK, "", "POST", base+"/resource_types/"+typ+"/resources", `{"displayName":"News"}`).text("appResource.id")
	d.names[appID], d.names[typ], d.names[res] = "wiki", "spaces", "news"
	return base + "/entitlements", `{"displayName":"Writer","appResourceTypeId":"` + typ + `","appResourceId":"` + res + `"` + more + `}`
}

func TestAttributesThroughTheDoor(t *testing.T) {
	onDoors(t, "attributes", func(d *door) {
		d.classing()
		d.super("Ada")
		d.want(http.StatusOK, "the types", "GET", attributesPath+"/types", "")
		first := d.want(http.StatusOK, "the first of them", "GET", attributesPath+"/types?page_size=1", "")
		d.want(http.StatusOK, "and the other", "GET", attributesPath+"/types?page_size=1&page_token="+first.text("nextPageToken"), "")
		low := d.made("low", "value.id", "a risk level", risksPath, `{"value":"Low"}`)
		high := d.made("high", "value.id", "another, as a value of its type", attributesPath, `{"attributeTypeId":"`+c1.KSUID(attribute.RiskLevel)+`","value":"High"}`)
		sox := d.made("sox", "value.id", "a framework", frameworksPath, `{"value":"SOX"}`)
		iso := d.made("iso", "value.id", "another", frameworksPath, `{"value":"ISO 27001"}`)
		d.want(http.StatusConflict, "twice, in other letters", "POST", risksPath, `{"value":"LOW"}`)
		d.want(http.StatusOK, "the same word of another type", "POST", frameworksPath, `{"value":"Low"}`)
		d.want(http.StatusOK, "the risk levels", "GET", risksPath, "")
		page := d.want(http.StatusOK, "a page of the frameworks", "GET", frameworksPath+"?page_size=2", "")
		d.want(http.StatusOK, "the next", "GET", frameworksPath+"?page_size=2&page_token="+page.text("nextPageToken"), "")
		d.want(http.StatusOK, "read as a risk level", "GET", risksPath+"/"+low, "")
		d.want(http.StatusOK, "read as any", "GET", attributesPath+"/"+sox, "")
		d.want(http.StatusNotFound, "a framework is no risk level", "GET", risksPath+"/"+sox, "")
		d.want(http.StatusNotFound, "nor the other way", "DELETE", frameworksPath+"/"+low, "{}")
		d.want(http.StatusOK, "values of a type", "GET", attributesPath+"/types/"+c1.KSUID(attribute.RiskLevel)+"/values", "")
		d.want(http.StatusOK, "found by part", "POST", classesSearch, `{"query":"iso","attributeTypeIds":["`+c1.KSUID(attribute.Compliance)+`"]}`)
		d.want(http.StatusOK, "found by the whole, but not this one", "POST", classesSearch, `{"value":"low","excludeIds":["`+low+`"]}`)

		path, body := d.plainEntitlement(`,"riskLevelValueId":"` + low + `","complianceFrameworkValueIds":["` + sox + `","` + iso + `","` + sox + `"]`)
		one := path + "/" + d.made("writer", "appEntitlementView.appEntitlement.id", "an entitlement under them", path, body)
		d.want(http.StatusBadRequest, "a level in use", "DELETE", risksPath+"/"+low, "{}")
		d.want(http.StatusBadRequest, "a framework in use", "DELETE", "/api/v1/attribute/"+iso, "{}")
		d.want(http.StatusOK, "another level, fewer frameworks", "POST", one,
			`{"entitlement":{"riskLevelValueId":"`+high+`","complianceFrameworkValueIds":["`+iso+`"]},"updateMask":"riskLevelValueId,complianceFrameworkValueIds"}`)
		for title, filter := range map[string]string{
			"high risk": `"riskLevelIds":["` + high + `"]`, "either": `"riskLevelIds":["` + low + `","` + high + `"]`,
			"iso": `"complianceFrameworkIds":["` + iso + `"]`, "both": `"riskLevelIds":["` + high + `"],"complianceFrameworkIds":["` + iso + `"]`,
		} {
			if got := d.need(http.StatusOK, "", "POST", "/api/v1/search/entitlements", "{"+filter+"}"); len(got.list()) != 1 {
				d.Errorf("%s: %v", title, got.body)
			}
		}
		for title, filter := range map[string]string{
			"low risk": `"riskLevelIds":["` + low + `"]`, "sox": `"complianceFrameworkIds":["` + sox + `"]`, "a stranger": `"riskLevelIds":["` + someID + `"]`,
		} {
			if got := d.need(http.StatusOK, "", "POST", "/api/v1/search/entitlements", "{"+filter+"}"); len(got.list()) != 0 {
				d.Errorf("%s: %v", title, got.body)
			}
		}
		d.want(http.StatusOK, "no longer in use", "DELETE", risksPath+"/"+low, "{}")
		d.want(http.StatusNotFound, "gone", "GET", risksPath+"/"+low, "")
		d.want(http.StatusBadRequest, "and not given any more", "POST", one, `{"entitlement":{"riskLevelValueId":"`+low+`"}}`)
		d.want(http.StatusOK, "taken away", "POST", one, `{"entitlement":{"riskLevelValueId":"","complianceFrameworkValueIds":[]},"updateMask":"riskLevelValueId,complianceFrameworkValueIds"}`)
		d.want(http.StatusOK, "free again", "DELETE", "/api/v1/attribute/"+high, "{}")
	})
}

func TestMalformedAttributesAreRefused(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.classing()
		d.super("Ada")
		risk := d.need(http.StatusOK, "", "POST", risksPath, `{"value":"Low"}`).text("value.id")
		d.invalid("POST", risksPath, map[string]string{
			"value": `{}`, "value'": `{"value":" "}`, "value''": `{"value":"` + strings.Repeat("x", 257) + `"}`, "value'''": `{"value":"a\nb"}`,
			"value''''": `{"value":"` + strings.Repeat("x", 1<<20) + `"}`, "unmarshal body": `{"color":"red"}`,
		})
		d.invalid("POST", attributesPath, map[string]string{
			"attributeTypeId": `{"value":"x"}`, "attributeTypeId'": `{"value":"x","attributeTypeId":"x"}`, "attributeTypeId''": `{"value":"x","attributeTypeId":"` + someID + `"}`,
		})
		d.invalid("POST", classesSearch, map[string]string{
			"attributeTypeIds": `{"attributeTypeIds":["x"]}`, "ids": `{"ids":["x"]}`, "excludeIds": `{"excludeIds":["x"]}`,
			"query": `{"query":"` + strings.Repeat("x", 1025) + `"}`, "value": `{"value":"` + strings.Repeat("x", 1025) + `"}`, "pageToken": `{"pageToken":"x"}`,
		})
		for _, path := range []string{risksPath, frameworksPath, attributesPath} {
			d.need(http.StatusBadRequest, "id", "GET", path+"/x", "")
			d.need(http.StatusNotFound, "not found", "GET", path+"/"+someID, "")
		}
		d.need(http.StatusBadRequest, "attributeTypeId", "GET", attributesPath+"/types/x/values", "")
		if got := d.need(http.StatusOK, "", "GET", attributesPath+"/types/"+someID+"/values", ""); len(got.list()) != 0 {
			d.Errorf("%v", got.body)
		}
		path, body := d.plainEntitlement("")
		many := strings.Repeat(`"`+risk+`",`, 32) + `"` + risk + `"`
		for field, more := range map[string]string{
			"riskLevelValueId": `"x"`, "riskLevelValueId'": `"` + someID + `"`, "complianceFrameworkValueIds": `["x"]`, "complianceFrameworkValueIds'": `["` + risk + `"]`,
			"complianceFrameworkValueIds''": `["` + someID + `"]`, "complianceFrameworkValueIds'''": "[" + many + "]", "complianceFrameworkValueIds''''": `[""]`,
		} {
			d.invalid("POST", path, map[string]string{field: strings.TrimSuffix(body, "}") + `,"` + strings.TrimRight(field, "'") + `":` + more + "}"})
		}
	})
}

func TestWhoMayDoWhatWithAttributesAndDirectories(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.classing()
		d.super("Ada")
		risk := risksPath + "/" + d.need(http.StatusOK, "", "POST", risksPath, `{"value":"Low"}`).text("value.id")
		for role, may := range map[string][2]int{
			"system:viewer": {http.StatusOK, http.StatusForbidden}, "system:application-admin": {http.StatusOK, http.StatusBadRequest},
			iam.BasicUser: {http.StatusForbidden, http.StatusForbidden}, "system:system-logs-reader": {http.StatusForbidden, http.StatusForbidden},
		} {
			d.person(strings.TrimPrefix(role, "system:"), role)
			for _, c := range [][3]string{
				{"GET", risk, ""}, {"GET", risksPath, ""}, {"GET", frameworksPath, ""}, {"GET", attributesPath + "/types", ""}, {"POST", classesSearch, "{}"},
				{"GET", directoriesPath, ""},
			} {
				if got := d.call(c[0], c[1], c[2]); got.status != may[0] {
					d.Errorf("%s %s %s: %d", role, c[0], c[1], got.status)
				}
			}
			for _, c := range [][3]string{{"POST", risksPath, "{}"}, {"POST", frameworksPath, "{}"}, {"POST", attributesPath, "{}"}, {"DELETE", risksPath + "/x", "{}"}, {"DELETE", "/api/v1/attribute/x", "{}"}} {
				if got := d.call(c[0], c[1], c[2]); got.status != may[1] {
					d.Errorf("%s %s %s: %d", role, c[0], c[1], got.status)
				}
			}
			for _, c := range [][3]string{{"POST", directoriesPath, "{}"}, {"PUT", directoriesPath + "/" + someID, "{}"}, {"DELETE", directoriesPath + "/" + someID, "{}"}} {
				d.need(http.StatusForbidden, "Permission denied", c[0], c[1], c[2])
			}
		}
	})
}
