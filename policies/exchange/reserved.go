package exchange

import (
	"maps"
	"slices"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/setting"
)

// Statuses that a policy reserves (reserved_status) appear in no reply of heald,
// marked or final. Errors are the only replies that could have one: all of them are
// encoded by encodeError.

// encodeError encodes an error for the client.
func (a *attempt) encodeError(e *conversation.Error) (status int, headers policies.Headers, body []byte) {
	return dialect.ErrorOutside(a.reservedStatus, a.dialect, e)
}

// reservedByAll are the statuses that any policy reserves. They apply to replies
// that are made before the request's policy is known.
func reservedByAll(named map[string]route.Settings) (out []int) {
	for _, s := range named {
		out = append(out, s.ReservedStatus...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// checkReserved finds policies that leave no status together. Each by itself is
// valid.
func checkReserved(named map[string]route.Settings, reserved []int) error {
	if dialect.Remains(reserved) {
		return nil
	}
	for _, s := range named {
		if !dialect.Remains(s.ReservedStatus) {
			return nil // said already
		}
	}
	names := slices.Sorted(maps.Keys(named))
	for _, name := range names {
		if len(named[name].ReservedStatus) > 0 {
			return &setting.Problem{Path: "policies." + setting.Key(name) + ".reserved_status",
				Found: "with those of the other policies, no status is left for errors of requests whose policy is not known yet",
				Fix:   "reserve the same statuses in all policies"}
		}
	}
	return nil
}

// lastWords is the reply to a request whose error could not be encoded.
func (x *Exchange) lastWords(fault *policies.Fault) *policies.Reply {
	return &policies.Reply{
		Status:  dialect.LastStatus(x.reserved),
		Headers: policies.Headers{{Name: "content-type", Value: "application/json"}},
		Body:    []byte(`{"type":"error","error":{"type":"api_error","message":"gateway: internal error"}}`),
		Verdict: x.verdictOf(fault), Reason: fault.Reason,
	}
}

// reservedFor are the statuses that the reply to a request may not have, whose
// attempt cannot tell any more.
func (x *Exchange) reservedFor(req *policies.Request) []int {
	if req == nil || !x.throughOuter(req) {
		return x.reserved
	}
	s, err := x.settingsOf(req)
	if err != nil {
		return x.reserved
	}
	return s.ReservedStatus
}
