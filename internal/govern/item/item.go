package item

import (
	"encoding/json"
	"reflect"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// ID is the identity of an item: that of its resource, which no other live item has.
type ID = app.ResourceID

// Limits of items; texts are counted in characters.
const (
	MaxLabel    = 64
	MaxNotice   = 800
	MaxProject  = 256
	MaxRemote   = 16 << 10 // bytes
	MaxAudience = 100
	MaxLeaders  = 32
)

// Settings are what is known of an item beside its resource.
type Settings struct {
	// Label is what kind of thing the item is, in the words of whoever made it. Empty: nobody said.
	Label string `json:"-"`
	// Offered: whoever sees it can ask for it, whether a catalog lists it or not.
	Offered bool `json:"-"`
	// Limited: only the audience and those who have access see it.
	Limited  bool                 `json:"-"`
	Audience []app.EntitlementRef `json:"-"`

	// Remote says where the item is in the system it stands for. It is kept as it came and means nothing here.
	Remote json.RawMessage `json:"remote,omitempty"`
	// Notice is shown to who asks for the item.
	Notice string `json:"notice,omitempty"`
	// Risk is how sensitive the item is, in the words of whoever set it. Empty: nobody did.
	Risk string `json:"risk,omitempty"`
	// Whoever approves or connects has to prove who they are once more.
	MFAToApprove bool `json:"mfaToApprove,omitempty"`
	MFAToConnect bool `json:"mfaToConnect,omitempty"`
	// Leaders may ask for a group as a whole.
	Leaders []directory.UserID `json:"leaders,omitempty"`
	// Configurations say how it may be asked for; empty: as the app's defaults and catalogs say.
	Configurations []Configuration `json:"configurations,omitempty"`
	Tickets        Tickets         `json:"tickets,omitzero"`
	// TemplateID names the template that all these settings follow; empty: none.
	TemplateID string `json:"templateId,omitempty"`
	// TemplateVersion is the state of the template that was taken.
	TemplateVersion int64 `json:"templateVersion,omitempty"`
}

// Tickets says what is to be written to a system of tickets. It is kept; nothing writes to one yet.
type Tickets struct {
	OnGrant      bool   `json:"onGrant,omitempty"`
	OnRevocation bool   `json:"onRevocation,omitempty"`
	Provider     string `json:"provider,omitempty"`
	ProjectID    string `json:"projectId,omitempty"`
}

// Item is a resource as people ask for it.
type Item struct {
	app.Resource
	Settings
	Group   bool  // its members may hold other items together
	Version int64 // of the settings; zero: there are none yet

	configured bool // configurations were said, be they the same
}

// Configure says how the item is asked for. Said last, it counts more than the grant policies that its entitlements chose before.
func (i *Item) Configure(list []Configuration) {
	i.Configurations, i.Offered, i.configured = list, true, true
}

// KeepConfigured takes back that configurations were said: those of was stay, and count as much as they did.
func (i *Item) KeepConfigured(was Item) {
	i.Configurations, i.configured = was.Configurations, was.configured
}

// ConfiguredAs reports whether an item is configured as in another of its states.
func (i Item) ConfiguredAs(o Item) bool {
	if len(i.Configurations)+len(o.Configurations) == 0 {
		return true
	}
	was, bad := json.Marshal(o.Configurations)  //nolint:musttag // as it is kept
	is, worse := json.Marshal(i.Configurations) //nolint:musttag // as it is kept
	return bad == nil && worse == nil && string(was) == string(is)
}

// SaysAs reports whether an item says the same as another of its states.
func (i Item) SaysAs(o Item) bool {
	i.configured, o.configured = false, false
	if i.ConfiguredAs(o) {
		i.Configurations, o.Configurations = nil, nil
	}
	return reflect.DeepEqual(i, o)
}

// Ref is the name of the item's resource.
func (i Item) Ref() app.ResourceRef { return app.ResourceRef{AppID: i.AppID, ID: i.ID} }

// Validate answers Invalid for the first member of s that breaks a limit.
func (s Settings) Validate() error {
	switch {
	case len(s.Remote) > MaxRemote:
		return fault.InvalidField("remote", "is longer than %d bytes", MaxRemote)
	case len(s.Leaders) > MaxLeaders:
		return fault.InvalidField("leaders", "has more than %d members", MaxLeaders)
	case len(s.Audience) > MaxAudience:
		return fault.InvalidField("audience", "has more than %d members", MaxAudience)
	}
	for _, t := range []struct {
		field, value string
		most         int
		check        func(field, s string) error
	}{
		{"label", s.Label, MaxLabel, text.Line}, {"risk", s.Risk, MaxLabel, text.Line}, {"notice", s.Notice, MaxNotice, text.Block},
		{"tickets.provider", s.Tickets.Provider, MaxLabel, text.Line}, {"tickets.project", s.Tickets.ProjectID, MaxProject, text.Line},
	} {
		if utf8.RuneCountInString(t.value) > t.most {
			return fault.InvalidField(t.field, "is longer than %d characters", t.most)
		}
		if err := t.check(t.field, t.value); err != nil {
			return err
		}
	}
	return checkConfigurations(s.Configurations)
}
