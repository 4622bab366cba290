package exchange

import (
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/hedge"
)

// A slow first attempt may be sent a second time (`hedge`). Envoy does it, on
// the inner route, because headers of that one attempt ask for it: after the
// delay it sends the same request once more, keeps the first reply that is a
// success, and cancels the other sending. To the outer router, the memory and
// the accounts it remains one attempt.

// hedgeBodyLimit is the longest body that is sent twice: long prompts are slow
// by themselves, and expensive.
const hedgeBodyLimit = 1 << 20

// What came of sending an attempt twice: words of the log and of the metric.
const (
	hedgeSent           = "sent"             // neither sending was answered well, or which one is unknown
	hedgeWon            = "won"              // the second one was answered first
	hedgeLost           = "lost"             // the first one after all
	hedgeOverBudget     = "over_budget"      // not sent: heald's budget, or Envoy's
	hedgeNotEnoughTimes = "not_enough_times" // not sent: too few times for a percentile
)

var hedgeResults = []string{hedgeSent, hedgeWon, hedgeLost, hedgeOverBudget, hedgeNotEnoughTimes}

// hedging is the state of an attempt that may be sent twice.
type hedging struct {
	delay  time.Duration // 0: it is sent once
	result string        // sent, won or lost; "" before, and where it was sent once
}

// hedgeWith asks Envoy to send the request a second time if it is slow, where
// the policy wants it and the budget allows it.
func (a *attempt) hedgeWith(f *policies.Forward) {
	if !a.settings.Hedges() || a.number > 1 || !a.answers() {
		return
	}
	a.x.duplicates.Earn()
	if len(f.Body) > hedgeBodyLimit {
		return
	}
	delay, ok := a.hedgeDelay()
	switch {
	case !ok:
		a.countHedge(hedgeNotEnoughTimes)
	case delay >= f.Wake: // it is given up before
	case !a.x.duplicates.Take():
		a.countHedge(hedgeOverBudget)
	default:
		a.hedge.delay = delay
		f.Set = append(f.Set, hedgeHeaders(delay)...)
	}
}

// hedgeDelay is the delay that the policy sets; ok is false if too few times are
// known for its percentile.
func (a *attempt) hedgeDelay() (delay time.Duration, ok bool) {
	d, err := hedge.ParseDelay(a.settings.Hedge)
	if err != nil {
		return 0, false // Validate lets none pass
	}
	if d.Percentile == 0 {
		return d.Fixed, true
	}
	delay, ok = a.x.times.Quantile(a.hedgeKey(), d.Percentile)
	return max(delay, hedge.Shortest), ok
}

func (a *attempt) hedgeKey() hedge.Key {
	return hedge.Key{Backend: a.backend.Name, Model: a.model, Whole: !a.upstreamStreams()}
}

// hedgeHeaders make Envoy's router send the request again after the delay, and
// wait for the other reply where the first one is marked as failed.
func hedgeHeaders(delay time.Duration) policies.Headers {
	return policies.Headers{
		{Name: policies.HeaderHedge, Value: "true"},
		{Name: policies.HeaderPerTryTimeout, Value: strconv.FormatInt(delay.Milliseconds(), 10)},
		{Name: policies.HeaderMaxRetries, Value: "1"},
		{Name: policies.HeaderRetryOn, Value: "retriable-headers"},
		{Name: policies.HeaderRetriableHeader, Value: policies.HeaderLost},
	}
}

// settleHedge finds out, once, what happened to the second sending. resp is nil if
// no reply came within took, or if Envoy made the reply itself.
func (a *attempt) settleHedge(resp *policies.Response, took time.Duration) {
	delay := a.hedge.delay
	if a.hedge.delay = 0; delay == 0 {
		return
	}
	// By then Envoy has sent it, however busy the machine is; or its budget was
	// used up.
	const late = 200 * time.Millisecond
	said := ""
	// Much earlier, Envoy has retried by itself. A busy Envoy's clock is that of
	// the last round of its loop, so its timers may end some time early.
	if resp != nil && took >= delay/2 {
		said = resp.Headers.Get(policies.HeaderHedged)
	}
	switch {
	case resp == nil && took >= delay:
		a.hedge.result = hedgeSent // as far as anyone can tell
	case said == "":
		a.x.duplicates.GiveBack()
		if took >= delay+late {
			a.countHedge(hedgeOverBudget)
		}
		return
	case !succeeded(resp.Status):
		a.hedge.result = hedgeSent
	default:
		a.hedge.result = a.hedgeWinner(said, delay)
	}
	a.moments.hedged = a.sentAt.Add(delay)
	a.countHedge(a.hedge.result)
}

// hedgeWinner tells which sending was answered, by the time at which that one
// was sent, in milliseconds from the stream's start.
func (a *attempt) hedgeWinner(said string, delay time.Duration) string {
	ms, err := strconv.Atoi(said)
	if err != nil {
		return hedgeSent
	}
	first := a.sentAt.Sub(a.begunAt)
	if time.Duration(ms)*time.Millisecond >= first+delay/2 {
		return hedgeWon
	}
	return hedgeLost
}

func (a *attempt) countHedge(result string) { a.x.metrics.hedges.WithLabelValues(result).Inc() }
