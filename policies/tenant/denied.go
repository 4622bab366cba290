package tenant

import (
	"fmt"
	"math"
	"time"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/redact"
)

// Kind is why a request was refused.
type Kind uint8

const (
	NoKey      Kind = iota // no key was shown
	UnknownKey             // an unknown key was shown
	DamagedKey             // a key made by heald that was mistyped or cut off
	ExpiredKey             // a replaced key that has expired
	Ambiguous              // keys of two callers
	Disabled               // the tenant is switched off
	Model                  // the tenant may not use this model
	Slots                  // its slots are taken, and none became free in time
	Waiting                // too many of its requests wait
	Budget                 // a window's budget is spent, and comes back
	Reserved               // what is left of a budget is set aside for requests that run
	OutOfMoney             // money that does not come back soon: of the month, or in total
	Spent                  // requests or tokens in total, which never come back
	TooLarge               // the request alone needs more than a budget's limit
	Unpriced               // the model's price is unknown, and the tenant's budget of money could not count it
	kindsCount             // keep last
)

// Kinds is the number of kinds, for tables that must be complete.
const Kinds = int(kindsCount)

// Denied is the error for a request that a tenant may not make, or not now.
type Denied struct {
	Kind Kind
	// Tenant is the tenant's name; "" if unknown who calls.
	Tenant string
	// Limit is the name of the limit that is spent; "" for other kinds.
	Limit string
	// Model is the name that is not allowed, as the caller wrote it or as
	// configuration has it; "" for other kinds.
	Model string
	// RetryAfter is how long until the same request can succeed; 0 if unknown.
	RetryAfter time.Duration
}

// Error says what is wrong, for the caller. "" leaves it to the API's own text.
func (d *Denied) Error() string {
	switch d.Kind {
	case NoKey:
		return "this gateway takes requests with one of its own API keys only, and this request has no key"
	case DamagedKey:
		return "this is no key of this gateway: its checksum is wrong, so it was mistyped or cut off"
	case ExpiredKey:
		return "this API key has expired: it was replaced by a new one"
	case Ambiguous:
		return "this request shows two different API keys of this gateway: send one of them"
	case Disabled:
		return "this gateway's operator has disabled the owner of this API key"
	case Model:
		return "this API key may not use the model " + redact.Quote(d.Model)
	case Unpriced:
		return "the price of the model " + redact.Quote(d.Model) + " is not known to this gateway, so this API key, whose owner has a budget of money, may not use it"
	case Slots:
		return "too many requests of this API key's owner run at once, and none ended in time."
	case Waiting:
		return "too many requests of this API key's owner are waiting already."
	case Budget, OutOfMoney, Spent:
		text := fmt.Sprintf("the limit %s of this API key's owner is used up", d.Limit)
		if d.RetryAfter == 0 {
			text += ", until the gateway's operator raises it"
		}
		return text + "."
	case Reserved:
		return fmt.Sprintf("what is left of the limit %s of this API key's owner is set aside for its requests that run now.", d.Limit)
	case TooLarge:
		return fmt.Sprintf("this request alone needs more than the limit %s of this API key's owner allows.", d.Limit)
	}
	return ""
}

// longestRetry is the longest delay after which SDKs try again by themselves:
// Anthropic's and OpenAI's take a retry-after of more than a minute for a
// mistake, and repeat the request at once, in vain.
const longestRetry = time.Minute

// Client is the refusal as an error for the client's dialect.
func (d *Denied) Client() *conversation.Error {
	out := &conversation.Error{Message: d.Error(), RetryAfter: int(math.Ceil(d.RetryAfter.Seconds()))}
	switch d.Kind {
	case NoKey, UnknownKey, DamagedKey, ExpiredKey, Ambiguous:
		out.Kind = conversation.ErrAuth
	case Disabled:
		out.Kind = conversation.ErrPermission
	case Model, Unpriced:
		out.Kind, out.Param = conversation.ErrPermission, "model"
	case Slots, Waiting, Budget, Reserved:
		out.Kind, out.NoRetry = conversation.ErrRateLimit, d.RetryAfter > longestRetry
	case TooLarge:
		out.Kind, out.NoRetry = conversation.ErrRateLimit, true
	case Spent:
		out.Kind = conversation.ErrQuota
	case OutOfMoney:
		out.Kind = conversation.ErrBilling
	}
	return out
}
