package c1

import (
	"bytes"
	"encoding/json"
	"maps"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	policyv1 "github.com/interim-access/interim/gen/c1/api/policy/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
)

const purposePrefix = "APP_ENTITLEMENT_PURPOSE_VALUE_"

// editedPaths are the names under which userEditedMask shows what people have written over a connector's words.
var editedPaths = map[string]string{"displayName": "display_name", "description": "description"}

// EncodeEntitlement shows an entitlement of which there are so many grants.
func EncodeEntitlement(e app.Entitlement, grants int64) *appv1.AppEntitlement {
	v := &appv1.AppEntitlement{
		Id:                  KSUID(e.ID),
		AppId:               KSUID(e.AppID),
		AppResourceTypeId:   KSUID(e.TypeID),
		AppResourceId:       KSUID(e.ResourceID),
		DisplayName:         e.DisplayName,
		Description:         e.Description,
		Alias:               e.Alias,
		Annotations:         e.Annotations,
		DeprovisionerPolicy: encodePolicy(e.Deprovision),
		ExternalId:          e.ExternalID,
		GrantCount:          grants,
		IsManuallyManaged:   e.ConnectorID == "",
		ProvisionerPolicy:   encodePolicy(e.Provision),
		Purpose:             EnumValue[appv1.AppEntitlementPurposeValue](appv1.AppEntitlementPurposeValue_value, purposePrefix, e.Purpose),
		Slug:                e.Slug,
		SystemBuiltin:       e.Builtin,
		GrantPolicyId:       KSUID(e.GrantPolicyID),
		RevokePolicyId:      KSUID(e.RevokePolicyID),
		CertifyPolicyId:     KSUID(e.CertifyPolicyID),
		RiskLevelValueId:    KSUID(e.RiskLevelID),
		RequestSchemaId:     KSUID(e.RequestSchemaID),

		ComplianceFrameworkValueIds: KSUIDs(e.FrameworkIDs),

		EmergencyGrantEnabled:  e.EmergencyGrantEnabled,
		EmergencyGrantPolicyId: KSUID(e.EmergencyGrantPolicyID),

		OverrideAccessRequestsDefaults: e.OverridesDefaults,

		CreatedAt: Moment(e.CreatedAt),
		UpdatedAt: Moment(e.UpdatedAt),
		DeletedAt: Moment(e.DeletedAt),
	}
	switch {
	case e.MaxGrant > 0:
		v.MaxGrantDuration = &appv1.AppEntitlement_DurationGrant{DurationGrant: durationpb.New(e.MaxGrant)}
	case e.Unlimited:
		v.MaxGrantDuration = &appv1.AppEntitlement_DurationUnset{DurationUnset: &emptypb.Empty{}}
	}
	if e.ConnectorID != "" {
		v.SourceConnectorIds = map[string]string{KSUID(e.ConnectorID): e.ExternalID}
	}
	if len(e.Edited) > 0 {
		v.UserEditedMask = &fieldmaskpb.FieldMask{}
		for _, name := range e.Edited {
			v.UserEditedMask.Paths = append(v.UserEditedMask.Paths, editedPaths[name])
		}
	}
	return v
}

// encodePolicy shows a provisioning policy; null if there is none. What is stored came through decodePolicy; a
// member that a later release has dropped is left out.
func encodePolicy(stored json.RawMessage) *policyv1.ProvisionPolicy {
	if len(stored) == 0 {
		return nil
	}
	p := &policyv1.ProvisionPolicy{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(stored, p); err != nil {
		return nil
	}
	assign(p)
	return p
}

// assign shows a manual step without an assignee with an empty one: the official TypeScript SDK has no null there.
func assign(p *policyv1.ProvisionPolicy) {
	if m := p.GetManual(); m != nil && m.GetAssignee() == nil {
		m.Assignee = &policyv1.ProvisionerAssignment{}
	}
	for _, step := range p.GetMultiStep().GetProvisionSteps() {
		assign(step)
	}
}

// decodePolicy turns a provisioning policy into what is stored; nil for none.
func decodePolicy(field string, p *policyv1.ProvisionPolicy) (json.RawMessage, error) {
	if p == nil {
		return nil, nil
	}
	if err := CheckProse(field, p.ProtoReflect()); err != nil {
		return nil, err
	}
	raw, err := protojson.Marshal(p)
	if err != nil {
		return nil, fault.InvalidField(field, "is not valid text")
	}
	var compact bytes.Buffer // protojson spaces its output at random
	if err := json.Compact(&compact, raw); err != nil {
		return nil, err
	}
	if compact.Len() > app.MaxPolicy {
		return nil, fault.InvalidField(field, "has %d bytes; at most %d are allowed", compact.Len(), app.MaxPolicy)
	}
	return compact.Bytes(), nil
}

// decodeMaxGrant reads the oneof of an entitlement's longest grant. Neither member means the same as durationUnset, but is shown as
// neither; a given duration must be positive, because zero is how no limit is kept.
func decodeMaxGrant(e *app.Entitlement, d *durationpb.Duration, unset *emptypb.Empty) error {
	e.MaxGrant, e.Unlimited = 0, unset != nil
	if d == nil {
		return nil
	}
	if d.CheckValid() != nil || d.AsDuration() <= 0 {
		return fault.InvalidField("durationGrant", "must be more than zero and at most %d days", int(app.MaxGrantLimit.Hours()/24))
	}
	e.MaxGrant = d.AsDuration()
	return nil
}

func decodeNewEntitlement(req *appv1.CreateAppEntitlementRequest) (app.Entitlement, error) {
	e := app.Entitlement{DisplayName: req.GetDisplayName(), Description: req.GetDescription(), Alias: req.GetAlias(), Slug: req.GetSlug()}
	err := NotServed(req, nil, "match_baton_id")
	if err != nil {
		return e, err
	}
	var errs [7]error
	errs[6] = decodeClasses(req, nil, &e.Classes)
	e.Purpose, errs[0] = EnumName[app.Purpose]("purpose", purposePrefix, req.GetPurpose())
	e.Provision, errs[1] = decodePolicy("provisionPolicy", req.GetProvisionPolicy())
	e.Annotations, errs[2] = app.Annotate(nil, req.GetAnnotations())
	errs[3] = decodeMaxGrant(&e, req.GetDurationGrant(), req.GetDurationUnset())
	errs[4] = decodeChosen(req, nil, &e.Chosen)
	e.EmergencyGrantEnabled, e.OverridesDefaults = req.GetEmergencyGrantEnabled(), req.GetOverrideAccessRequestsDefaults()
	e.EmergencyGrantPolicyID, errs[5] = refID[app.PolicyID]("emergencyGrantPolicyId", req.GetEmergencyGrantPolicyId())
	return e, firstError(errs[:]...)
}

// decodeEntitlementChange reads an update: what the mask names of the object, onto the entitlement as it is. What follows from
// something else may be sent back as it was read, which Terraform does, but not otherwise; but for defaultValuesApplied, which nobody
// writes and other people's changes to the app move. override says, beside the object, that it overrides the defaults of its app.
func decodeEntitlementChange(object *appv1.AppEntitlement, m Mask, override bool) (func(e *app.Entitlement) error, error) {
	err := NotServed(object, m, "match_baton_id")
	if err != nil {
		return nil, err
	}
	purpose, badPurpose := EnumName[app.Purpose]("purpose", purposePrefix, object.GetPurpose())
	provision, badProvision := decodePolicy("provisionerPolicy", object.GetProvisionerPolicy())
	deprovision, badDeprovision := decodePolicy("deprovisionerPolicy", object.GetDeprovisionerPolicy())
	var chosen app.Chosen
	badChoice := decodeChosen(object, m, &chosen)
	emergency, badEmergency := refID[app.PolicyID]("emergencyGrantPolicyId", object.GetEmergencyGrantPolicyId())
	var classes app.Classes
	badClasses := decodeClasses(object, m, &classes)
	schema, badSchema := refID[app.SchemaID]("requestSchemaId", object.GetRequestSchemaId())
	if err := firstError(badPurpose, badProvision, badDeprovision, badChoice, badEmergency, badSchema, badClasses); err != nil {
		return nil, err
	}
	return func(e *app.Entitlement) (err error) {
		if err := fixedEntitlement(*e, object, m); err != nil {
			return err
		}
		setChosen(m, &e.Chosen, chosen)
		Set(m, "grant_policy_id", &e.Overruled, false) // who chooses the policy again wants it to decide
		Set(m, "emergency_grant_enabled", &e.EmergencyGrantEnabled, object.GetEmergencyGrantEnabled())
		Set(m, "emergency_grant_policy_id", &e.EmergencyGrantPolicyID, emergency)
		Set(m, "risk_level_value_id", &e.RiskLevelID, classes.RiskLevelID)
		Set(m, "compliance_framework_value_ids", &e.FrameworkIDs, classes.FrameworkIDs)
		Set(m, "request_schema_id", &e.RequestSchemaID, schema)
		Set(m, "override_access_requests_defaults", &e.OverridesDefaults, object.GetOverrideAccessRequestsDefaults())
		e.OverridesDefaults = e.OverridesDefaults || override
		Set(m, "display_name", &e.DisplayName, object.GetDisplayName())
		Set(m, "description", &e.Description, object.GetDescription())
		Set(m, "alias", &e.Alias, object.GetAlias())
		Set(m, "slug", &e.Slug, object.GetSlug())
		Set(m, "purpose", &e.Purpose, purpose)
		Set(m, "provisioner_policy", &e.Provision, provision)
		Set(m, "deprovisioner_policy", &e.Deprovision, deprovision)
		if m["duration_grant"] {
			if err := decodeMaxGrant(e, object.GetDurationGrant(), object.GetDurationUnset()); err != nil {
				return err
			}
		}
		if m["annotations"] {
			e.Annotations, err = app.Annotate(e.Annotations, object.GetAnnotations())
		}
		return err
	}, nil
}

func fixedEntitlement(e app.Entitlement, object *appv1.AppEntitlement, m Mask) error {
	now := EncodeEntitlement(e, 0)
	switch {
	case m["app_resource_type_id"] && object.GetAppResourceTypeId() != now.GetAppResourceTypeId():
		return fixed("appResourceTypeId", "an entitlement stays with its resource")
	case m["app_resource_id"] && object.GetAppResourceId() != now.GetAppResourceId():
		return fixed("appResourceId", "an entitlement stays with its resource")
	case m["is_manually_managed"] && object.GetIsManuallyManaged() != now.GetIsManuallyManaged():
		return fixed("isManuallyManaged", "it says whether a connector reads the entitlement")
	case m["source_connector_ids"] && !maps.Equal(object.GetSourceConnectorIds(), now.GetSourceConnectorIds()):
		return fixed("sourceConnectorIds", "they say which connectors read the entitlement")
	}
	return nil
}
