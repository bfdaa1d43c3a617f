package contact

// Statement is one that the package asks, and the index it lives by.
type Statement struct {
	SQL, Index string
	Args       []any
}

// Statements are those whose cost must not grow with how much there is.
func Statements() map[string]Statement {
	return map[string]Statement{
		"a channel by its remote id":  {findChannelSQL, "message_channel", []any{"SLACK", "C1"}},
		"a schedule by its remote id": {findScheduleSQL, "on_call_schedule", []any{"OPSGENIE", "S1"}},
		"channels of an item":         {channelsOfSQL, "message_channel_item", []any{"a", "r"}},
		"schedules of a group":        {schedulesOfSQL, "on_call_duty", []any{"a", "r"}},
		"shifts":                      {shiftsSQL, "on_call_shift", []any{"s"}},
		"shifts of who is enabled":    {enabledShiftsSQL, "on_call_shift", []any{"s"}},
		"shifts of a user":            {dropShiftsSQL, "on_call_shift_user", []any{"u"}},
		"when a duty is due":          {nextDutySQL, "on_call_duty_due", nil},
		"a duty that is due":          {dueDutySQL, "on_call_duty_due", []any{1}},
		"a live duty":                 {liveDutySQL, "on_call_duty", []any{"a", "r", "s", "e"}},
		"groups of a schedule":        {groupsSQL, "on_call_duty_schedule", []any{"s"}},
		"duties of a schedule":        {hurrySQL, "on_call_duty_schedule", []any{"s", 1}},
		"channels of what is deleted": {forgetSQL("message_channel_item"), "message_channel_item", []any{"a"}},
		"duties of what is deleted":   {forgetSQL("on_call_duty"), "on_call_duty", []any{"a"}},
	}
}
