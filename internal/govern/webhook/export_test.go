package webhook

// Statement is one of those that must find their rows by an index.
type Statement struct{ SQL, Index string }

// Statements are those of the due loop and of the lists.
func Statements() []Statement {
	const next, end = `select due_at from webhook_delivery where `, ` order by due_at, id limit 1`
	return []Statement{
		{next + `state = 'open'` + end, "webhook_delivery_open"},
		{next + `state = 'open' and webhook_id not in ('w1','w2')` + end, "webhook_delivery_open"},
		{next + `state <> 'open'` + end, "webhook_delivery_later"},
		{`select id from webhook_delivery where webhook_id = 'w1' order by id desc limit 26`, "webhook_delivery_history"},
		{`update webhook_delivery set state = 'cancelled' where ref_id = 'r1' and done_at is null`, "webhook_delivery_ref"},
		{`select id from webhook where deleted_at is null order by id limit 26`, "webhook_live"},
	}
}

// CallbackURL is where the answer to a delivery may be sent.
func (s *Service) CallbackURL(d DeliveryID) string { return s.callbackURL(d) }

// AwaitStop waits until calls under way are cut short.
func (s *Service) AwaitStop() { <-s.flights.base.Done() }
