package bootstrap

import "fmt"

// Envoy's defaults: for retries at a time without a budget, and for a budget's
// two parts.
const (
	defaultRetries = 3
	defaultFloor   = 3
	defaultPercent = 20
)

const (
	// enoughFloor is how many retries at a time are enough, so that only large
	// gateways depend on the percentage.
	enoughFloor = 100
	// noLimit is how many retries at a time are practically no limit.
	noLimit = 1000
)

const (
	budgetFix = "retry_budget: {budget_percent: {value: 50}, min_retry_concurrency: 200}"
	refused   = "the others' clients get the failed attempt"
)

// checkBudget checks how many retries there may be at a time, over all
// requests: enough to heal a burst of errors, too few to multiply an outage.
func (c *checker) checkBudget(l limits) {
	budget := l.t.GetRetryBudget()
	if budget == nil {
		c.checkMaxRetries(l)
		return
	}
	// With a budget, even an empty one, Envoy ignores max_retries.
	path := l.path + ".retry_budget"
	floor := uint32(defaultFloor)
	if v := budget.GetMinRetryConcurrency(); v != nil {
		floor = v.GetValue()
	}
	percent := float64(defaultPercent)
	if v := budget.GetBudgetPercent(); v != nil {
		percent = v.GetValue()
	}
	if floor <= defaultFloor {
		c.problem(path+".min_retry_concurrency", fmt.Sprintf("%d, Envoy's default is %d", floor, defaultFloor),
			"a retry that waits is no active request, so when more requests than that fail at once and nothing else runs, "+refused,
			"min_retry_concurrency: 200")
	}
	if percent <= defaultPercent && floor < enoughFloor {
		c.problem(path+".budget_percent", fmt.Sprintf("%g, Envoy's default is %d", percent, defaultPercent),
			fmt.Sprintf("one of two replicas of heald that dies takes half of the requests with it; above %d, or that share, %s", floor, refused),
			"budget_percent: {value: 50}")
	}
	c.checkNoLimit(path+".min_retry_concurrency", floor)
}

// checkMaxRetries checks the fixed limit, which applies if there is no budget.
func (c *checker) checkMaxRetries(l limits) {
	retries := uint32(defaultRetries)
	if v := l.t.GetMaxRetries(); v != nil {
		retries = v.GetValue()
	}
	if retries <= defaultRetries {
		c.problem(l.path+".retry_budget", fmt.Sprintf("not set, and max_retries is %d (Envoy's default is %d)", retries, defaultRetries),
			"with more retries at a time than that, over all requests, "+refused, budgetFix)
	}
	c.checkNoLimit(l.path+".max_retries", retries)
}

// checkNoLimit notes a limit that is too high to keep an outage from being
// multiplied.
func (c *checker) checkNoLimit(path string, retries uint32) {
	if retries > noLimit {
		c.note(path, fmt.Sprintf("%d retries at a time", retries),
			fmt.Sprintf("in an outage the provider gets up to %d calls for each request", c.want.Attempts),
			budgetFix)
	}
}
