package opal_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/iam"
)

func bindingOf(source string, groups ...string) string {
	list := ""
	for n, g := range groups {
		if n > 0 {
			list += ","
		}
		list += fmt.Sprintf(`{"group_id":%q}`, g)
	}
	return fmt.Sprintf(`{"source_group_id":%q,"groups":[%s]}`, source, list)
}

func TestLinkedGroupsAreAskedForAsOneAndLeftTogether(t *testing.T) {
	onDoor(t, "group_bindings", func(d *door) {
		ada, grace := d.person("Ada Byron", iam.BasicUser), d.person("Grace Hopper", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		warehouse, shop := d.app("warehouse"), d.app("shop")
		source, mirror := d.newItem("group", "source", string(warehouse.ID)), d.newItem("group", "mirror", string(shop.ID))
		third := d.newItem("group", "third", string(shop.ID))
		link := d.made("binding", "group_binding_id", "Two groups stand for one another", "/group-bindings", bindingOf(source, mirror))
		d.want(200, "It is read", "GET", "/group-bindings/"+link, "")
		d.want(200, "And listed", "GET", "/group-bindings?page_size=1", "")
		d.want(200, "A group says where it belongs", "GET", "/groups/"+mirror, "")
		d.want(409, "No group is in two", "POST", "/group-bindings", bindingOf(third, mirror))
		d.want(400, "Alone it stands for nothing", "POST", "/group-bindings", bindingOf(third, third))
		for _, g := range []string{source, mirror} {
			d.hold(ada, g)
		}
		d.hold(grace, mirror)
		d.settle()
		d.want(200, "Nobody becomes a member by being one elsewhere", "GET", "/groups/"+source+"/users", "")
		d.want(200, "Who is taken out of one", "DELETE", "/groups/"+source+"/users/"+string(ada.ID), "")
		d.settle()
		d.want(200, "Is out of the others", "GET", "/groups/users/"+string(ada.ID), "")
		d.want(200, "And nobody else", "GET", "/groups/"+mirror+"/users", "")
		d.want(200, "For a while in both", "POST", "/groups/"+source+"/users/"+string(ada.ID), `{"duration_minutes":10}`)
		d.hold(ada, mirror)
		d.clock.Advance(11 * time.Minute)
		d.settle()
		d.want(200, "Whose time is over in one is out of both", "GET", "/groups/users/"+string(ada.ID), "")

		d.as(ada, iam.BasicUser)
		id := d.made("request", "id", "Who asks for the mirror", "/requests",
			fmt.Sprintf(`{"groups":[{"id":%q}],"resources":[],"reason":"work","duration_minutes":60}`, mirror))
		if got := d.call("GET", "/requests/"+id, ""); got.text("requested_items_list.0.group_id") != source {
			d.Errorf("asked for %v", got)
		}
		d.want(403, "People do not see the bindings", "GET", "/group-bindings/"+link, "")
		d.want(403, "Nor make any", "POST", "/group-bindings", bindingOf(third, mirror))

		d.as(root, iam.SuperAdministrator)
		change := func(more string) string {
			return fmt.Sprintf(`{"group_bindings":[{"group_binding_id":%q,%s]}`, link, more[1:])
		}
		d.want(200, "Another is the source", "PUT", "/group-bindings", change(bindingOf(third, mirror)))
		d.want(200, "Of others", "GET", "/group-bindings/"+link, "")
		d.want(404, "Groups only", "PUT", "/group-bindings", change(bindingOf(link, mirror)))
		d.want(200, "One that is deleted", "DELETE", "/groups/"+third, "")
		d.want(404, "Takes the binding with it", "GET", "/group-bindings/"+link, "")
		d.settle()
		d.want(200, "And no member of the others", "GET", "/groups/"+mirror+"/users", "")
		again := d.made("another", "group_binding_id", "Again", "/group-bindings", bindingOf(source, source, mirror))
		d.want(200, "And no more", "DELETE", "/group-bindings/"+again, "")
		d.want(404, "Once", "DELETE", "/group-bindings/"+again, "")
		d.want(200, "The members stay", "GET", "/groups/"+mirror+"/users", "")
		d.refused(400, "POST", "/group-bindings", map[string]string{"source_group_id": `{"groups":[]}`, "groups": `{"source_group_id":"` + source + `"}`})
		d.refused(404, "POST", "/group-bindings", map[string]string{"group": bindingOf(source, string(root.ID))})
	})
}

// Whoever is back before anybody came by, or is a member in another way, has not left.
func TestWhoIsStillAMemberHasNotLeft(t *testing.T) {
	onDoor(t, "", func(d *door) {
		ada := d.person("Ada Byron", iam.BasicUser)
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		source, mirror := d.newItem("group", "source", string(a.ID)), d.newItem("group", "mirror", string(a.ID))
		d.want(200, "", "POST", "/group-bindings", bindingOf(source, mirror))
		d.hold(ada, source)
		d.hold(ada, mirror)
		in := "/groups/" + source + "/users/" + string(ada.ID)
		d.want(200, "", "DELETE", in, "")
		d.want(200, "", "POST", in, "")
		d.settle()
		if !d.holds(ada, source) || !d.holds(ada, mirror) {
			t.Error("whoever came back was taken out")
		}
		inner := d.newItem("group", "inner", string(a.ID))
		d.hold(ada, inner)
		d.want(200, "", "POST", "/groups/"+inner+"/containing-groups", fmt.Sprintf(`{"containing_group_id":%q}`, source))
		d.settle()
		d.want(200, "", "DELETE", in, "")
		d.settle()
		if !d.holds(ada, source) || !d.holds(ada, mirror) {
			t.Error("a member by another group was taken out")
		}
		d.want(200, "", "DELETE", "/groups/"+inner+"/users/"+string(ada.ID), "")
		d.settle()
		if d.holds(ada, source) || d.holds(ada, mirror) {
			t.Error("who left in every way is still there")
		}
	})
}

func TestOfManyWhoLinkAGroupAtOnceOneDoes(t *testing.T) {
	onDoor(t, "", func(d *door) {
		d.person("Root", iam.SuperAdministrator)
		a := d.app("warehouse")
		shared := d.newItem("group", "shared", string(a.ID))
		var others []string
		for n := range 6 {
			others = append(others, d.newItem("group", fmt.Sprint("other ", n), string(a.ID)))
		}
		var all sync.WaitGroup
		var made, refused atomic.Int32
		for _, o := range others {
			all.Go(func() {
				switch a := d.call("POST", "/group-bindings", bindingOf(o, shared)); a.status {
				case 200:
					made.Add(1)
				case 409:
					refused.Add(1)
				default:
					d.Errorf("%v", a)
				}
			})
		}
		all.Wait()
		if made.Load() != 1 || refused.Load() != 5 {
			t.Errorf("%d made, %d refused", made.Load(), refused.Load())
		}
		if rows, _ := d.call("GET", "/group-bindings", "").at("results").([]any); len(rows) != 1 {
			t.Error(rows)
		}
	})
}
