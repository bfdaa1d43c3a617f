package item

import (
	"slices"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// named answers Invalid for whom after asks first and who is not there.
func named(q db.Q, before, after []Configuration) error {
	known := map[string]bool{}
	for _, c := range before {
		for _, s := range c.Stages {
			for _, id := range s.Owners {
				known[id] = true
			}
			for _, u := range s.People {
				known[string(u)] = true
			}
		}
	}
	sets, people := newcomers(known, after)
	there, err := owner.ObjectsOf(q, sets)
	if err != nil {
		return err
	}
	for _, id := range sets {
		if _, ok := there[id]; !ok {
			return fault.InvalidField("owner_ids", "there is no such owner: %s", id)
		}
	}
	for _, chunk := range db.Chunks(people) {
		found, err := directory.Many(q, chunk)
		if err != nil {
			return err
		}
		for _, u := range chunk {
			if !slices.ContainsFunc(found, func(f directory.User) bool { return f.ID == u && f.Status != directory.Deleted }) {
				return fault.InvalidField("service_user_ids", "there is no such user: %s", u)
			}
		}
	}
	return nil
}

// newcomers are the owner sets and people whom a configuration asks and who are not known yet, each once.
func newcomers(known map[string]bool, list []Configuration) (sets []owner.SetID, people []directory.UserID) {
	for _, c := range list {
		for _, s := range c.Stages {
			for _, id := range s.Owners {
				if !known[id] {
					known[id], sets = true, append(sets, owner.SetID(id))
				}
			}
			for _, u := range s.People {
				if !known[string(u)] {
					known[string(u)], people = true, append(people, u)
				}
			}
		}
	}
	return sets, people
}
