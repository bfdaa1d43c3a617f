package app

// HandOverSQL are the statements of a hand-over with the number of their values, for their plans.
var HandOverSQL = map[string]int{letGoSQL: 3, forgetSQL: 2, holdSQL: 4}
