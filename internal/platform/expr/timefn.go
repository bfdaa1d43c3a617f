package expr

import (
	"time"
)

// layouts are the constants TimeFormat.*, in Go's notation, which time.parse and time.format take.
var layouts = map[string]string{
	"RFC3339": time.RFC3339, "RFC3339_NANO": time.RFC3339Nano, "ISO8601": time.RFC3339, "RFC1123": time.RFC1123, "RFC1123Z": time.RFC1123Z,
	"RFC822": time.RFC822, "RFC822Z": time.RFC822Z, "RFC850": time.RFC850, "ANSIC": time.ANSIC, "UNIX_DATE": time.UnixDate,
	"DATE": time.DateOnly, "DATE_ONLY": time.DateOnly, "DATETIME": time.DateTime, "DATE_TIME": time.DateTime, "TIME": time.TimeOnly,
	"TIME_ONLY": time.TimeOnly, "KITCHEN": time.Kitchen,
}

// times are the functions on times that every environment has. Upstream documents their names; what they take beside the obvious
// is ours: units are "minute", "hour", "day", "week" (from Monday), "month", "quarter" and "year", zones are IANA names, UTC without.
var times = []Function{
	{"now", []Overload{{Result: Timestamp, With: func(in Input, _ []any) (any, error) { return in.Now, nil }}}},
	{"time.parse", []Overload{
		{Args: []Type{String}, Result: Timestamp, Pure: func(a []any) (any, error) { return parse(a[0].(string), time.RFC3339) }},
		{Args: []Type{String, String}, Result: Timestamp, Pure: func(a []any) (any, error) { return parse(a[0].(string), a[1].(string)) }},
	}},
	{"time.format", []Overload{
		{Args: []Type{Timestamp}, Result: String, Pure: func(a []any) (any, error) { return format(a[0].(time.Time), time.RFC3339, "") }},
		{Args: []Type{Timestamp, String}, Result: String, Pure: func(a []any) (any, error) {
			return format(a[0].(time.Time), a[1].(string), "")
		}},
		{Args: []Type{Timestamp, String, String}, Result: String, Cost: zoneCost, Pure: func(a []any) (any, error) {
			return format(a[0].(time.Time), a[1].(string), a[2].(string))
		}},
	}},
	unix("time.unix", time.Time.Unix, func(n int64) time.Time { return time.Unix(n, 0).UTC() }),
	unix("time.unix_ms", time.Time.UnixMilli, func(n int64) time.Time { return time.UnixMilli(n).UTC() }),
	period("time.start_of", func(from, _ time.Time) time.Time { return from }),
	period("time.end_of", func(_, next time.Time) time.Time { return next.Add(-time.Nanosecond) }),
}

// The times that CEL knows.
var (
	earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)
)

func inRange(t time.Time) (any, error) {
	if t.Before(earliest) || t.After(latest) {
		return nil, failed("a time must lie in the years 1 to 9999")
	}
	return t.UTC(), nil
}

func parse(s, layout string) (any, error) {
	if len(layout) > maxMessage {
		return nil, failed("time.parse: the format is too long")
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return nil, failed("time.parse: the text does not have this format")
	}
	return inRange(t)
}

func format(t time.Time, layout, zone string) (any, error) {
	at, err := located(t, zone)
	if err != nil || len(layout) > maxMessage {
		return nil, failed("time.format: the format is too long or there is no such zone")
	}
	return at.Format(layout), nil
}

func located(t time.Time, zone string) (time.Time, error) {
	if zone == "" {
		return t.UTC(), nil
	}
	at, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" {
		return t, failed("there is no such time zone")
	}
	return t.In(at), nil
}

// unix is a function that turns times into numbers, and numbers back into times.
func unix(name string, number func(time.Time) int64, at func(int64) time.Time) Function {
	return Function{name, []Overload{
		{Args: []Type{Timestamp}, Result: Int, Pure: func(a []any) (any, error) { return number(a[0].(time.Time)), nil }},
		{Args: []Type{Int}, Result: Timestamp, Pure: func(a []any) (any, error) {
			n := a[0].(int64)
			if n < number(earliest) || n > number(latest) {
				return nil, failed("a time must lie in the years 1 to 9999")
			}
			return at(n), nil
		}},
	}}
}

// period is a function of the unit that holds a time: from its first moment until the first of the next one.
func period(name string, pick func(from, next time.Time) time.Time) Function {
	of := func(t time.Time, unit, zone string) (any, error) {
		at, err := located(t, zone)
		if err != nil {
			return nil, err
		}
		from, next, ok := bounds(at, unit)
		if !ok {
			return nil, failed("%s: the unit is minute, hour, day, week, month, quarter or year", name)
		}
		return inRange(pick(from, next))
	}
	return Function{name, []Overload{
		{Args: []Type{Timestamp, String}, Result: Timestamp, Pure: func(a []any) (any, error) { return of(a[0].(time.Time), a[1].(string), "") }},
		{Args: []Type{Timestamp, String, String}, Result: Timestamp, Cost: zoneCost, Pure: func(a []any) (any, error) {
			return of(a[0].(time.Time), a[1].(string), a[2].(string))
		}},
	}}
}

func bounds(t time.Time, unit string) (from, next time.Time, ok bool) {
	y, m, d := t.Date()
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, t.Location()) }
	switch unit {
	case "minute":
		from = t.Truncate(time.Minute)
		return from, from.Add(time.Minute), true
	case "hour":
		from = time.Date(y, m, d, t.Hour(), 0, 0, 0, t.Location())
		return from, from.Add(time.Hour), true
	case "day":
		return day(y, m, d), day(y, m, d+1), true
	case "week":
		d -= (int(t.Weekday()) + 6) % 7
		return day(y, m, d), day(y, m, d+7), true
	case "month":
		return day(y, m, 1), day(y, m+1, 1), true
	case "quarter":
		m -= (m - 1) % 3
		return day(y, m, 1), day(y, m+3, 1), true
	case "year":
		return day(y, 1, 1), day(y+1, 1, 1), true
	}
	return from, next, false
}
