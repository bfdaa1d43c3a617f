package task

import (
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
)

// Seat is a slot of an approval that wants all of them: it is filled when one of its people approves, and stays so. The step passes
// when the last is filled.
type Seat struct {
	Slots    []Slot             `json:"slots"`              // whom it asks first
	Assigned bool               `json:"assigned,omitempty"` // Slots are whom somebody reassigned it to
	Tier     Tier               `json:"tier,omitempty"`
	Eligible []directory.UserID `json:"eligible,omitempty"` // who could fill it when that was last found
	Filled   *Filling           `json:"filled,omitempty"`   // nil: it waits
}

// Filling is an approval that filled a seat.
type Filling struct {
	By   directory.UserID `json:"by"`
	For  directory.UserID `json:"for,omitempty"` // whom By stood in for; empty: themself
	At   time.Time        `json:"at"`
	Text string           `json:"text,omitempty"`
}

// Vacancy is a seat that is to be filled: its place, the first being 1, and whom it asks first.
type Vacancy struct {
	Seat  int
	Slots []Slot
}

// Found is who can fill a seat.
type Found struct {
	Seat  int
	Tier  Tier
	Users []directory.UserID
}

// named are whom the slots of an approval name, in their order.
func (t Task) named(a *policy.Approval) []Slot {
	out := make([]Slot, len(a.Slots))
	for n, s := range a.Slots {
		switch s.Kind {
		case policy.ToManager:
			out[n] = Slot{Kind: ToManagers, User: t.Subject}
		case policy.ToUser:
			out[n] = Slot{Kind: ToUser, User: s.User}
		case policy.ToHolders:
			out[n] = holders(s.Group)
		case policy.ToOwners:
			out[n] = Slot{Kind: ToOwners, Of: Of(s.Owned.Kind), App: s.Owned.App, Object: s.Owned.ID}
		case policy.ToItem:
			out[n] = t.owners()[0]
		}
	}
	return out
}

// owners are who owns the resource of what is asked for, and who owns its app.
func (t Task) owners() []Slot {
	return []Slot{
		{Kind: ToOwners, Of: OfResource, App: t.App, Object: string(t.Resource)},
		{Kind: ToOwners, Of: OfApp, App: t.App, Object: string(t.App)},
	}
}

// seats are the seats of an approval that wants all of its slots; none of any other.
func (t Task) seats(a *policy.Approval) []Seat {
	if a == nil || a.Kind != policy.Slots || a.Quorum != policy.AllSlots {
		return nil
	}
	out := make([]Seat, len(a.Slots))
	for n, s := range t.named(a) {
		out[n].Slots = []Slot{s}
	}
	return out
}

// vacancies are the seats of i that nobody has filled.
func (t Task) vacancies(i *Instance) []Vacancy {
	seats := i.Seats
	if len(seats) == 0 {
		seats = t.seats(i.Step.Approval)
	}
	var out []Vacancy
	for n, s := range seats {
		if s.Filled == nil {
			out = append(out, Vacancy{n + 1, s.Slots})
		}
	}
	return out
}

// resolveSeats answers q for each seat by itself: who approves in place of those whom one names has no part in the others.
func (q Question) resolveSeats(f Facts) Resolution {
	r := Resolution{Tier: Named}
	reasons := map[directory.UserID][]Reason{}
	for _, v := range q.Seats {
		one := q
		one.Named, one.Seats = v.Slots, nil
		answer := one.Resolve(f)
		r.Seats = append(r.Seats, Found{v.Seat, answer.Tier, answer.Users()})
		if answer.Tier.beyond(r.Tier) {
			r.Tier = answer.Tier
		}
		for _, e := range answer.People {
			for _, why := range e.Reasons {
				why.Seat = v.Seat
				reasons[e.User] = append(reasons[e.User], why)
			}
		}
		for _, s := range answer.Fixed {
			if !slices.Contains(r.Fixed, s) {
				r.Fixed = append(r.Fixed, s)
			}
		}
	}
	r.People = listed(reasons)
	return r
}

// places are the seats that w may fill, in their order.
func (w Who) places() []int {
	var out []int
	for _, r := range w.Reasons {
		if r.Seat > 0 && !slices.Contains(out, r.Seat) {
			out = append(out, r.Seat)
		}
	}
	slices.Sort(out)
	return out
}

// forSeat is w with the reasons for which they may fill one seat.
func (w Who) forSeat(seat int) Who {
	w.Reasons = slices.DeleteFunc(slices.Clone(w.Reasons), func(r Reason) bool { return r.Seat != seat })
	return w
}

// fill has an approval fill every seat that it stands for. The last that is filled ends the step; until then the others are found
// again, since of those who approved some may be wanted no more.
func (m *machine) fill(e Decision) {
	seats := slices.Clone(m.Current.Seats)
	filled := map[directory.UserID][]int{} // by whom the approval was given for
	var order []directory.UserID
	for _, place := range e.By.places() {
		standsFor := e.By.forSeat(place).standsFor()
		seats[place-1].Filled = &Filling{By: e.By.User, For: standsFor, At: m.now, Text: e.Comment}
		if filled[standsFor] == nil {
			order = append(order, standsFor)
		}
		filled[standsFor] = append(filled[standsFor], place)
	}
	m.Current.Seats = seats
	comment := e.Comment
	for _, standsFor := range order { // a line for each person in whose place it was
		var why []string
		for _, place := range filled[standsFor] {
			why = append(why, e.By.forSeat(place).why()...)
		}
		m.do(Audit{Kind: ApproversChosen, Step: m.Step(), By: e.By.User, For: standsFor, Comment: comment, Data: map[string]any{
			"outcome": string(Approved), "reasons": why, "slots": filled[standsFor], "of": len(seats),
		}})
		comment = ""
	}
	if slices.ContainsFunc(seats, func(s Seat) bool { return s.Filled == nil }) {
		m.do(Resolve{m.Current.ID})
		return
	}
	m.leave(Result{Kind: Approved, By: e.By.User, For: e.By.standsFor(), Text: e.Comment})
	m.forth()
}

// tooLate refuses who could have filled a seat that somebody else filled meanwhile: of two at once, one wins.
func (m *machine) tooLate(u directory.UserID) bool {
	return slices.ContainsFunc(m.Current.Seats, func(s Seat) bool { return s.Filled != nil && slices.Contains(s.Eligible, u) })
}

// found notes who can fill the seats that are to be filled.
func (i *Instance) found(list []Found) {
	i.Seats = slices.Clone(i.Seats)
	for _, f := range list {
		i.Seats[f.Seat-1].Tier, i.Seats[f.Seat-1].Eligible = f.Tier, f.Users
	}
}

// assign has others fill seats of the step that was opened anew, which are those of before otherwise. No places are all that nobody has
// filled; where there are as many people as those, or more, each of them is for some of the people alone.
func (m *machine) assign(before []Seat, places []int, to []directory.UserID) {
	m.Current.Seats = slices.Clone(before)
	var given []*Seat
	for n := range m.Current.Seats {
		if s := &m.Current.Seats[n]; s.Filled == nil && (len(places) == 0 || slices.Contains(places, n+1)) {
			given = append(given, s)
		}
	}
	to = distinct(to)
	for n, s := range given {
		s.Slots, s.Assigned = users(to), true
		if len(places) > 0 || len(to) < len(given) {
			continue
		}
		s.Slots = nil
		for k := n; k < len(to); k += len(given) {
			s.Slots = append(s.Slots, users(to[k:k+1])...)
		}
	}
}

// distinct are people, each once, in their order.
func distinct(list []directory.UserID) []directory.UserID {
	var out []directory.UserID
	for _, u := range list {
		if !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}

// Asked are those who could decide i, also where their slot was filled by somebody else.
func (i Instance) Asked() []directory.UserID {
	list := slices.Clone(i.Eligible)
	for _, s := range i.Seats {
		for _, u := range s.Eligible {
			if !slices.Contains(list, u) {
				list = append(list, u)
			}
		}
	}
	return list
}

// approvals are those that were given for i and count: of a step with seats those that filled them, and that of who decided in place of
// all.
func (i Instance) approvals() []Filling {
	var list []Filling
	for _, s := range i.Seats {
		if s.Filled != nil {
			list = append(list, *s.Filled)
		}
	}
	r := i.Result
	switch {
	case r == nil:
		return list
	case r.Kind == Skipped: // for the rest of it nobody was asked
		return list
	case r.Kind != Approved:
		return nil
	case r.By != "" && !slices.ContainsFunc(list, func(f Filling) bool { return f.By == r.By }):
		list = append(list, Filling{By: r.By, For: r.For, At: r.At, Text: r.Text})
	}
	return list
}
