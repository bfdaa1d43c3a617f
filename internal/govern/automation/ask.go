package automation

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
)

// A binding, or a rule, may have people asked before it gives or takes. What its pass finds it would give or take is then proposed: a task
// runs the policy of what is to be given or taken, and what comes of that is a source by the same way as without asking, or the end of one.
//
//	         should, and does not hold it                  should no longer, and has it by this way
//	(nobody asked) ──────▶ giving, open ── yes ──▶ has it ──────▶ taking, open ── yes ──▶ lost
//	                            │  no                   ▲              │  │  no
//	                            ▼                       └── is back ───┘  └──▶ keeps it, as if it had been given by hand
//	                       refused: not asked about again until they came anew
//
// Whose own time is over, who is disabled, and what is taken out of the catalog is asked about no more: access ends on time and with
// whom it is of, and who takes it out has decided that.

// Asking says about what of a rule or a binding people are asked first. The zero value asks nobody. To change it takes from nobody what
// they have: it counts for what is to be given or taken from then on. A task to take that is open stays so whatever is said meanwhile,
// unless nothing is to be taken any more; a task to give is withdrawn where nobody is to be asked any more, since then it is given.
type Asking struct {
	Giving bool // a task is to give it to who should hold it, and does not
	Taking bool // a task is to take it from who should hold it no longer
}

// Tasks ask people; package task does.
type Tasks interface {
	// Propose opens a task, and does also in the same transaction with its id. Exists, with the other's id as taskId in its details,
	// where the same is asked about already; other faults say why nobody can be asked.
	Propose(ctx context.Context, p Proposal, also func(tx *db.Tx, task string) error) error
	// Standings says how tasks stand; one that is not there is left out.
	Standings(q db.Q, tasks []string) (map[string]Standing, error)
	// Withdraw cancels, in the caller's transaction, those of at most [atOnce] tasks that are open and were proposed by the binding.
	Withdraw(tx *db.Tx, by Binding, tasks []string, why string) error
}

// Consult says who asks people. Only at start, before anything runs.
func (s *Service) Consult(t Tasks) { s.tasks = t }

// Proposal is what a binding, or a rule as a binding of an entitlement to itself, wants to do about somebody.
type Proposal struct {
	Binding

	User    directory.UserID
	Account app.AccountID // who is to lose it; empty: it is to be given
}

// Standing is how a task stands.
type Standing string

// How tasks stand. A task that was cancelled, or waited for too long, was refused.
const (
	Unknown Standing = ""
	Pending Standing = "PENDING"
	Agreed  Standing = "AGREED"
	Denied  Standing = "DENIED"
)

// asked is what is remembered about somebody.
type asked struct {
	user   directory.UserID
	taking bool
	task   string    // empty: nobody had to be asked, or could be
	until  time.Time // the end of what was given, but for that of the source; zero: none
	note   string
	at     time.Time
}

// stand is how somebody stands to what is given.
type stand struct {
	should, has bool      // now, and by this way
	lapsed      bool      // what they had by this way is past its end
	holds       bool      // by whatever way; known where it matters
	other       bool      // they have it by another way as well
	agreed      *asked    // what the same was given for by another binding that asked; nil: none, or nobody looked
	enabled     bool      // they may hold anything
	since       time.Time // since when they should; zero: not known
	asked       *asked    // nil: nobody was
	is          Standing  // of the task by which somebody was
}

// mode is what holds for everybody of a pass.
type mode struct {
	ask      Asking
	loss     Loss
	made     time.Time // when the rule or binding was
	released bool      // it was deleted, and what it gave goes
}

// act is what a pass does about somebody.
type act string

const (
	nothing  act = ""
	plain    act = "PLAIN"    // gives, takes, or moves an end, and asks nobody
	give     act = "GIVE"     // proposes to give
	take     act = "TAKE"     // proposes to take
	end      act = "END"      // takes what is past its end
	share    act = "SHARE"    // gives what another binding was agreed about
	leave    act = "LEAVE"    // lets them keep it, as if it had been given by hand
	remember act = "REMEMBER" // that they hold it, so that nobody has to be asked
)

// verdict is an act, and what becomes of what is remembered.
type verdict struct {
	do       act
	withdraw bool // the open task
	forget   bool
	blank    bool // forgets the task alone
}

// decide says what to do about somebody. It is pure.
func (m mode) decide(s stand) verdict {
	if s.should {
		return m.coming(s)
	}
	return m.leaving(s)
}

func (m mode) coming(s stand) verdict {
	open, a := s.asked != nil && s.is == Pending, s.asked
	switch {
	case a != nil && a.taking: // is back before it was decided, or since
		return verdict{withdraw: open, blank: m.ask.Giving, forget: !m.ask.Giving}
	case !m.ask.Giving && open && s.has: // it is being given by the task, which ends by itself
		return verdict{do: plain}
	case !m.ask.Giving:
		return verdict{do: plain, withdraw: open, forget: a != nil}
	case s.lapsed:
		return verdict{do: end}
	case s.has:
		return verdict{do: plain}
	case open:
		return verdict{}
	case s.agreed != nil:
		return verdict{do: share}
	case s.holds && a == nil:
		return verdict{do: remember}
	case s.holds:
		return verdict{}
	case a == nil, a.task == "", s.is != Denied, a.at.Before(m.made), a.at.Before(s.since):
		return verdict{do: give}
	default:
		return verdict{} // refused, and they have been here since
	}
}

func (m mode) leaving(s stand) verdict {
	open, a := s.asked != nil && s.is == Pending, s.asked
	known := a != nil
	lost := s.has || s.lapsed || m.loss == Revoked && known && s.holds
	switch {
	case known && a.taking && !m.released && !s.lapsed:
		return m.deciding(s, open)
	case open: // what is left of it is looked at when the task is gone
		return verdict{withdraw: true, blank: true}
	case !lost:
		return verdict{forget: known}
	case m.ask.Taking && m.loss != Left && (m.loss == Revoked || !s.other) && s.enabled && !s.lapsed && !m.released:
		return verdict{do: take}
	default:
		return verdict{do: plain, forget: known}
	}
}

// deciding is about who left, while somebody is asked, and after.
func (m mode) deciding(s stand, open bool) verdict {
	switch {
	case open && (m.loss == Left || !s.enabled):
		return verdict{do: plain, withdraw: true, forget: true}
	case open && (s.has || s.holds):
		return verdict{}
	case open:
		return verdict{withdraw: true, forget: true}
	case s.is == Denied && s.has:
		return verdict{do: leave, forget: true}
	default:
		return verdict{forget: true}
	}
}
