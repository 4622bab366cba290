package exchange

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/resume"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/tenant"
)

// newAsker makes the asker of a resumption: a copy of the attempt that chooses
// where to send the request for the rest by the rules of attempts, and remembers
// which accounts failed. It starts from the attempt's state and keeps the model.
// It sends, holds and logs nothing itself.
func (a *attempt) newAsker() *attempt {
	asker := *a
	asker.number, asker.settings.Attempts = 1, a.restsLeft()
	asker.memory.Tries = slices.DeleteFunc(slices.Clone(a.memory.Tries), func(t heal.Try) bool { return t.Reason == heal.ReasonStale })
	asker.candidates = slices.DeleteFunc(slices.Clone(a.candidates), func(c route.Candidate) bool { return c.Model != a.model })
	asker.response = policies.Response{}
	return &asker
}

// seenIn is what the error of a fetch shows of the account that was asked.
func (a *attempt) seenIn(err error) *heal.Seen {
	a.response = policies.Response{}
	var refusal *resume.Refusal
	if !errors.As(err, &refusal) {
		return &heal.Seen{Peek: heal.ReasonPeekTruncated}
	}
	a.response.Headers = policies.Headers{{Name: "retry-after", Value: refusal.RetryAfter}, {Name: "date", Value: refusal.Date}}
	if refusal.Unreached() {
		return &heal.Seen{Status: refusal.Status, Details: "upstream_reset_before_response_started{connection_failure}"}
	}
	st, _ := gemini.ParseStatus(refusal.Body)
	return &heal.Seen{Status: statusIn(refusal.Status, st), Error: st}
}

// moveOn decides after a failure which account is asked next, and after which
// wait; not ok if asking again is of no use. seen is nil for a reply that could
// not be joined. After the error that broke the answer off, the first request
// follows at once, unless the error states a delay.
func (r *resumption) moveOn(seen *heal.Seen) (wait time.Duration, ok bool) {
	if seen == nil {
		r.form, ok = r.form.Next()
		return 0, ok
	}
	by := r.asker
	verdict := by.verdictOn(seen)
	if ofProvider(seen) {
		by.apply(seen, &verdict)
		r.noteSpent(&verdict)
	}
	by.memory.Tries = append(by.memory.Tries, by.try(&verdict))
	by.number++
	if r.asked == 0 && !verdict.Stated {
		verdict.Wait = 0
	}
	if verdict.Verdict.Again() {
		r.moves = true
		return verdict.Wait, by.askable(verdict.Wait)
	}
	switch seen.Status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		// It took the client's request, so it is the form that it refuses.
		r.form, ok = r.form.Next()
	}
	return 0, ok
}

// ofProvider reports whether a failure came from the provider. A refusal without
// the provider's own text may be one of the listener's route.
func ofProvider(seen *heal.Seen) bool {
	return seen.Error != nil || seen.Details != "" || seen.Peek != ""
}

// noteSpent records an account that a request for the rest found spent, so that
// the next attempt need not find out again.
func (r *resumption) noteSpent(verdict *heal.Verdict) {
	if r.asked == 0 || verdict.Failure != heal.Spent {
		return // the memory has the attempt's own account
	}
	s := heal.SpentAccount{Account: r.asker.account.ID, OfGroup: verdict.OfGroup}
	if verdict.OfModel {
		s.Model = r.asker.model
	}
	r.spent = append(r.spent, s)
}

// askable reports whether a candidate can be asked after a wait.
func (a *attempt) askable(wait time.Duration) bool {
	return slices.ContainsFunc(a.candidates, func(c route.Candidate) bool { return !a.exhausted(c) && a.readyIn(c, wait) })
}

// acquire leases an account that is ready now for a request for the rest. The
// first request goes to the account that broke off, with the attempt's own
// lease.
func (r *resumption) acquire() error {
	by := r.asker
	order := by.order()
	w := by.want(nil, order)
	w.MaxWait, w.Retry, w.Avoid = 0, true, by.avoid
	l, err := by.x.accounts.Acquire(context.Background(), by.plan(order), w)
	if err != nil {
		return err
	}
	r.release(account.Failed)
	by.take(l, order)
	r.lease, r.moves = l, false
	return nil
}

// release ends the lease of the request for the rest, if it has one of its own.
// Its usage is settled with the attempt, whose answer it completes.
func (r *resumption) release(result account.Result) {
	if r.lease != nil {
		r.lease.Done(account.Outcome{Result: result, Sent: true, Tokens: -1, Used: r.asker.usedOf(&tenant.Usage{Cost: new(int64)})})
		r.lease = nil
	}
}

// requestRest renders the request for the rest, and makes the answer ready for
// its reply.
func (a *attempt) requestRest() (*policies.Forward, error) {
	r, by := a.resumption, a.resumption.asker
	asked, rest, err := resume.Ask(a.resumes.req, r.broken, r.form)
	if errors.Is(err, resume.ErrNoAnchor) {
		r.form = resume.Repeat
		asked, rest, err = resume.Ask(a.resumes.req, r.broken, r.form)
	}
	if err != nil {
		return nil, err
	}
	if class := by.backend.Class(); class != r.class {
		r.class = class
		by.carriers().Verify(a.req) // a signature is good where it came from
	}
	sent, err := by.outgoingRest(asked)
	if err != nil {
		return nil, fmt.Errorf("render the request for the rest: %w", err)
	}
	a.answer.continueWith(sent, rest, by.carriers(), r.broken.Billed)
	by.alone = true // the connection of the answer may be what is broken
	return by.forward(sent), nil
}
