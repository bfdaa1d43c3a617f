package app

import (
	"cmp"
	"strings"

	"github.com/interim-access/interim/internal/platform/text"
)

// What a connector reads. Its texts come from a system we do not govern: they are cleaned and cut to our limits instead of being
// refused, since one odd name must not stop the reading of all others. An external id must be unique among what one connector reads of
// one kind of object, at most [MaxName] characters, and must never be given to another thing later.
type (
	// SeenAccount is an account that a connector reads.
	SeenAccount struct {
		ExternalID    string
		DisplayName   string // empty: the user name, else the e-mail address, else the external id
		Email         string
		Username      string
		Kind          AccountKind   // empty: a person's
		Status        AccountStatus // Enabled or Disabled; empty: Enabled
		StatusDetails string
		Emails        []string
		Usernames     []string
		EmployeeIDs   []string
		Profile       map[string]any // JSON-serialisable

		identity *identity // what [Service.Identify] noted; nil: the e-mail address says whose it is
	}
	// SeenResourceType is a resource type that a connector reads.
	SeenResourceType struct {
		ExternalID  string
		Kind        ResourceKind
		DisplayName string
	}
	// SeenResource is a resource that a connector reads.
	SeenResource struct {
		ExternalID  string
		TypeID      ResourceTypeID
		ParentID    ResourceID // empty: none
		DisplayName string
		Description string
		Profile     map[string]any // JSON-serialisable
	}
	// SeenEntitlement is an entitlement that a connector reads.
	SeenEntitlement struct {
		ExternalID  string
		TypeID      ResourceTypeID
		ResourceID  ResourceID
		DisplayName string
		Description string
		Slug        string
		Purpose     Purpose
	}
)

// Upserted says what an upsert did.
type Upserted struct{ Added, Changed int }

// clip makes of s a line that people could have written, of at most that many characters.
func clip(s string, most int) string { return cut(text.CleanLine(s), most) }

// clipProse is clip for a text of several lines.
func clipProse(s string, most int) string { return cut(text.CleanBlock(s), most) }

func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i]
		}
		n++
	}
	return s
}

// clipName is clip for a name that must not be blank: the first of names that is not.
func clipName(names ...string) string {
	for _, n := range names {
		if c := clip(n, MaxName); strings.TrimSpace(c) != "" {
			return c
		}
	}
	return "(no name)"
}

func clipList(list []string) []string {
	out := make([]string, 0, min(len(list), MaxList))
	for _, v := range list[:min(len(list), MaxList)] {
		out = append(out, clip(v, MaxName))
	}
	if len(out) == 0 {
		return nil // as an absent list is read back
	}
	return out
}

// onto is a as the connector sees it now: what people have said stays.
func (s SeenAccount) onto(a Account) Account {
	a.ExternalID = s.ExternalID
	a.DisplayName = clipName(s.DisplayName, s.Username, s.Email, s.ExternalID)
	a.Email, a.Username = clip(s.Email, MaxEmail), clip(s.Username, MaxName)
	a.Status, a.StatusDetails = cmp.Or(s.Status, Enabled), clip(s.StatusDetails, MaxName)
	if !a.KindChosen {
		a.Kind = cmp.Or(s.Kind, KindUser)
	}
	a.Emails, a.Usernames, a.EmployeeIDs = clipList(s.Emails), clipList(s.Usernames), clipList(s.EmployeeIDs)
	a.Profile = s.Profile
	return a
}

func (s SeenResource) onto(r Resource) Resource {
	r.ExternalID, r.TypeID, r.ParentID, r.Profile = s.ExternalID, s.TypeID, s.ParentID, s.Profile
	r.DisplayName = r.Edited.take(editedName, r.DisplayName, clipName(s.DisplayName, s.ExternalID))
	r.Description = r.Edited.take(editedDescription, r.Description, clipProse(s.Description, MaxDescription))
	return r
}

// onto keeps the slug of an entitlement that exists: people use it, and it does not depend on the target.
func (s SeenEntitlement) onto(e Entitlement) Entitlement {
	if e.ID == "" {
		e.TypeID, e.ResourceID = s.TypeID, s.ResourceID
		e.Slug, e.Purpose = clip(s.Slug, MaxAlias), s.Purpose
	}
	e.ExternalID = s.ExternalID
	e.DisplayName = e.Edited.take(editedName, e.DisplayName, clipName(s.DisplayName, s.Slug, s.ExternalID))
	e.Description = e.Edited.take(editedDescription, e.Description, clipProse(s.Description, MaxDescription))
	return e
}
