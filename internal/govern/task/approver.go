package task

import (
	"cmp"
	"slices"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
)

// SlotKind says how a slot names people.
type SlotKind string

// The kinds of slots.
const (
	ToUser     SlotKind = "user"     // User
	ToManagers SlotKind = "managers" // the managers of User
	ToHolders  SlotKind = "holders"  // who holds the entitlement Object of App
	ToOwners   SlotKind = "owners"   // the primary owners of the Of Object of App
	ToAdmins   SlotKind = "admins"   // the Super Administrators
)

// Of says what kind of object owners own.
type Of string

// The kinds of objects whose owners decide.
const (
	OfApp         Of = "app"
	OfEntitlement Of = "entitlement"
	OfResource    Of = "resource"
	OfOwnerSet    Of = "set" // the members of the set Object, in no app
)

// Slot names people by what they are, so that who they are is found when it is asked.
type Slot struct {
	Kind   SlotKind         `json:"kind"`
	User   directory.UserID `json:"user,omitempty"`
	Of     Of               `json:"of,omitempty"`
	App    app.ID           `json:"app,omitempty"`
	Object string           `json:"object,omitempty"`
}

// MaxHolders is how many people a group of approvers may have; of a larger one nobody decides, and the fallback does.
const MaxHolders = 128

// slots are whom the step names. named are the people its expressions answered, for steps that go by those.
func (t Task) slots(a *policy.Approval, named []directory.UserID) []Slot {
	switch a.Kind {
	case policy.Users:
		return users(a.UserIDs)
	case policy.Manager:
		return []Slot{{Kind: ToManagers, User: t.Subject}}
	case policy.AppOwners:
		return []Slot{{Kind: ToOwners, Of: OfApp, App: t.App, Object: string(t.App)}}
	case policy.EntitlementOwners:
		return []Slot{{Kind: ToOwners, Of: OfEntitlement, App: t.App, Object: string(t.Entitlement)}}
	case policy.ResourceOwners:
		return []Slot{{Kind: ToOwners, Of: OfResource, App: t.App, Object: string(t.Resource)}}
	case policy.Group:
		return []Slot{holders(a.Group)}
	case policy.Self:
		return users([]directory.UserID{t.Subject})
	case policy.Expression:
		return users(named)
	case policy.Slots:
		return t.named(a)
	case policy.Webhook:
		return nil
	default:
		return nil
	}
}

func users(list []directory.UserID) []Slot {
	out := make([]Slot, 0, len(list))
	for _, u := range list {
		if u != "" {
			out = append(out, Slot{Kind: ToUser, User: u})
		}
	}
	return out
}

func holders(of app.EntitlementRef) Slot {
	return Slot{Kind: ToHolders, App: of.AppID, Object: string(of.ID)}
}

// fallback are whom the step names for the case that nobody is left.
func fallback(a *policy.Approval) []Slot {
	f := a.Fallback
	if f == nil || !f.Enabled {
		return nil
	}
	list := users(f.UserIDs)
	if f.ByGroups {
		for _, g := range f.Groups {
			list = append(list, holders(g))
		}
	}
	return list
}

// Question is the question who may decide a step.
type Question struct {
	Subject, Opener directory.UserID
	Group           app.EntitlementRef // who holds it is whom it is about, if that is a group
	Named, Fallback []Slot
	Owners          []Slot             // who owns what is asked for, then who owns its app: they decide where nobody named is left; or none
	Seats           []Vacancy          // instead of Named: what has to be filled, each for itself
	Fixed           []Stand            // who answered instead of whom when the step opened
	Opening         bool               // the step opens: Fixed is found now
	Approved        []directory.UserID // whose authority earlier approvals used: who gave them, and for whom

	Delegates bool // delegates count
	Self      bool // the subject and the opener may decide
	Alone     bool // the subject may decide where the step names them
	Distinct  bool // who approved before may not, nor anybody for them
	AdminsToo bool // Super Administrators decide where nobody else is left
}

// Question is the question who may decide the step i of t. named are the people its expressions answered.
func (t Task) Question(i *Instance, named []directory.UserID) Question {
	q := Question{
		Subject: t.Subject, Opener: t.Opener, Group: t.Group.Members, Fixed: i.Fixed,
		Opening: i.State == Init, Approved: t.spent(), AdminsToo: true,
	}
	if a := i.Step.Approval; a != nil {
		q.Named, q.Fallback = t.slots(a, named), fallback(a)
		q.Self, q.Alone = a.AllowSelfApproval, a.Kind == policy.Self
		q.Delegates, q.Distinct = a.AllowDelegation && !q.Alone, a.RequireDistinctApprovers && !q.Alone
	} else {
		q.Named = users(i.Means.Users)
		if len(q.Named) == 0 {
			q.Named = []Slot{{Kind: ToOwners, Of: OfApp, App: i.Target.AppID, Object: string(i.Target.AppID)}}
		}
	}
	if i.Assigned || i.State != Init && i.Step.Approval != nil && i.Step.Approval.Kind == policy.Expression {
		q.Named = i.Slots
	}
	if a := i.Step.Approval; a != nil && a.Kind == policy.Slots {
		q.Owners = t.owners()
		if q.Seats = t.vacancies(i); q.Seats != nil {
			q.Named = nil
		}
	}
	return q
}

// Slots are all that the question may need to know the people of.
func (q Question) Slots() []Slot {
	list := slices.Concat(q.Named, q.Owners, q.Fallback)
	for _, v := range q.Seats {
		list = append(list, v.Slots...)
	}
	if q.AdminsToo {
		list = append(list, Slot{Kind: ToAdmins})
	}
	return list
}

// near is q without those who decide only where nobody is left whom the step names.
func (q Question) near() Question {
	q.AdminsToo, q.Fallback, q.Owners = false, nil, nil
	return q
}

// Filler is somebody whom a slot names, at the moment of the question. Via is the entitlement through which, where there is one.
type Filler struct {
	User directory.UserID
	Via  app.EntitlementRef
}

// Stand is somebody who answers for somebody else. Instead is true where the other does not answer beside them.
type Stand struct {
	For        directory.UserID `json:"for"`
	User       directory.UserID `json:"user"`
	Delegation string           `json:"delegation"`
	Instead    bool             `json:"instead,omitempty"`
}

// Facts are what is true at the moment of the question. All people in it are enabled; of a group that is too large there are more
// than MaxHolders.
type Facts struct {
	People map[Slot][]Filler
	Stands map[directory.UserID][]Stand            // by who is stood in for, windows that are open
	Among  Among                                   // which of them are members of the groups that the question is about
	Owners map[directory.UserID][]directory.UserID // of those of them that are services or agents
}

// Reason says why somebody may decide.
type Reason struct {
	Slot       Slot               `json:"slot"`
	Tier       Tier               `json:"tier"`
	Via        app.EntitlementRef `json:"via,omitzero"`
	For        directory.UserID   `json:"for,omitempty"` // whom they stand in for
	Delegation string             `json:"delegation,omitempty"`
	Seat       int                `json:"seat,omitempty"` // which they fill, the first being 1; 0: the step has none
}

// String is the reason in a few words.
func (r Reason) String() string {
	words := map[SlotKind]string{
		ToUser: "named by the step", ToManagers: "manager of the subject", ToHolders: "holder of the entitlement",
		ToOwners: "owner of the " + string(r.Slot.Of), ToAdmins: "Super Administrator",
	}[r.Slot.Kind]
	if r.Slot.Of == OfOwnerSet {
		words = "member of the owners"
	}
	if r.Slot.Kind == ToOwners && r.Via.ID != "" {
		words += ", by an entitlement"
	}
	if r.Tier == Fallback || r.Tier == ItemOwners || r.Tier == AppOwners {
		words += ", as fallback"
	}
	if r.For != "" {
		words = "stands in for " + string(r.For) + ": " + words
	}
	return words
}

// Eligible is somebody who may decide, and why.
type Eligible struct {
	User    directory.UserID `json:"user"`
	Reasons []Reason         `json:"reasons"`
}

// Resolution is the answer to a [Question].
type Resolution struct {
	Tier   Tier   // of several seats, the last that one of them came to
	Slots  []Slot // of the tier Named
	People []Eligible
	Fixed  []Stand
	Seats  []Found // the answer about each of the seats that are to be filled
}

// Users are the people who may decide.
func (r Resolution) Users() []directory.UserID {
	list := make([]directory.UserID, len(r.People))
	for i, e := range r.People {
		list[i] = e.User
	}
	return list
}

// stoodFor is, of those who may decide for somebody else alone, for whom.
func (r Resolution) stoodFor() map[directory.UserID]directory.UserID {
	list := map[directory.UserID]directory.UserID{}
	for _, e := range r.People {
		if of := (Who{Reasons: e.Reasons}).standsFor(); of != "" {
			list[e.User] = of
		}
	}
	return list
}

// Of is why u may decide; none: u may not.
func (r Resolution) Of(u directory.UserID) []Reason {
	for _, e := range r.People {
		if e.User == u {
			return e.Reasons
		}
	}
	return nil
}

// Resolve answers q: the first tier that leaves somebody decides.
//
// The threat is somebody who decides a request of their own. Neither the subject, nor who is of the group it is about, nor the opener gets
// in, by whichever slot, nor a service or an agent that one of them owns: what that says they say; what is theirs to decide nobody decides
// for them; and nobody answers for another about a request of their own.
func (q Question) Resolve(f Facts) Resolution {
	if len(q.Seats) > 0 {
		return q.resolveSeats(f)
	}
	crowded := func(s Slot) bool { return s.Kind == ToHolders && len(f.People[s]) > MaxHolders }
	r := Resolution{Tier: Named, Slots: slices.DeleteFunc(slices.Clone(q.Named), crowded)}
	for _, tier := range []struct {
		name  Tier
		slots []Slot
	}{
		{Named, q.Named}, {ItemOwners, first(q.Owners)}, {AppOwners, q.Owners[min(1, len(q.Owners)):]}, {Fallback, q.Fallback},
		{Admins, q.admins()},
	} {
		found := gathered{q: q, f: f, tier: tier.name, people: map[directory.UserID][]Reason{}}
		for _, s := range tier.slots {
			found.slot(s)
		}
		if len(found.people) > 0 {
			r.Tier, r.People, r.Fixed = tier.name, listed(found.people), found.fixed
			return r
		}
	}
	r.Tier = Nobody
	return r
}

func first(list []Slot) []Slot { return list[:min(1, len(list))] }

func (q Question) admins() []Slot {
	if !q.AdminsToo {
		return nil
	}
	return []Slot{{Kind: ToAdmins}}
}

// gathered are the people of one tier.
type gathered struct {
	q      Question
	f      Facts
	tier   Tier
	people map[directory.UserID][]Reason
	fixed  []Stand
}

func (g *gathered) slot(s Slot) {
	fillers := g.f.People[s]
	if s.Kind == ToHolders && len(fillers) > MaxHolders {
		return
	}
	for _, one := range fillers {
		g.filler(one, Reason{Slot: s, Tier: g.tier, Via: one.Via})
	}
}

// barred reports whether u is one of the parties, who do not decide.
func (g *gathered) barred(u directory.UserID) bool {
	self := g.q.Self && g.tier != Admins || g.q.Alone && g.tier == Named && u == g.q.Subject
	return g.party(u) && !self
}

// party is barred without regard to what the step allows: nobody decides for another about a request of their own.
func (g *gathered) party(u directory.UserID) bool {
	of := func(u directory.UserID) bool {
		return u != "" && (u == g.q.Subject || u == g.q.Opener) || g.f.Among.has(g.q.Group, u)
	}
	return of(u) || slices.ContainsFunc(g.f.Owners[u], of)
}

func (g *gathered) filler(one Filler, r Reason) {
	if one.User == "" || g.barred(one.User) || g.before(one.User) {
		return
	}
	if !g.q.Delegates || g.tier == Admins || g.party(one.User) {
		g.add(one.User, r)
		return
	}
	if s, away := g.instead(one.User); away {
		g.stand(s, r)
		if !slices.Contains(g.fixed, s) {
			g.fixed = append(g.fixed, s)
		}
	} else {
		g.add(one.User, r)
	}
	for _, s := range g.f.Stands[one.User] {
		if !s.Instead && !g.party(s.User) {
			g.stand(s, r)
		}
	}
}

// instead returns who answers instead of u. It is found when the step opens and holds while the window does; one that opens later
// leaves the step where it is. A delegate who is a party, or approved before, leaves it with u.
func (g *gathered) instead(u directory.UserID) (Stand, bool) {
	for _, s := range g.f.Stands[u] {
		if s.Instead && !g.party(s.User) && !g.before(s.User) && (g.q.Opening || slices.Contains(g.q.Fixed, s)) {
			return s, true
		}
	}
	return Stand{}, false
}

func (g *gathered) stand(s Stand, r Reason) {
	r.For, r.Delegation = s.For, s.Delegation
	g.add(s.User, r)
}

// before reports whether u approved an earlier step, or somebody for them, and the step wants distinct people.
func (g *gathered) before(u directory.UserID) bool {
	return g.q.Distinct && slices.Contains(g.q.Approved, u)
}

func (g *gathered) add(u directory.UserID, r Reason) {
	if !g.before(u) && !slices.Contains(g.people[u], r) {
		g.people[u] = append(g.people[u], r)
	}
}

// listed are people with their reasons, by their identities.
func listed(people map[directory.UserID][]Reason) []Eligible {
	out := make([]Eligible, 0, len(people))
	for u, reasons := range people {
		out = append(out, Eligible{u, reasons})
	}
	slices.SortFunc(out, func(a, b Eligible) int { return cmp.Compare(a.User, b.User) })
	return out
}
