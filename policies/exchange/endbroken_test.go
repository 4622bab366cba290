package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

func TestInviteRetry(t *testing.T) {
	for name, c := range map[string]struct {
		err  conversation.Error
		want string
	}{
		"no word of upstream's":     {conversation.Error{Kind: conversation.ErrAPI}, "Server error: the answer broke off"},
		"broke off":                 {conversation.Error{Kind: conversation.ErrAPI, Message: "it stopped sending"}, "Server error: it stopped sending"},
		"too late":                  {conversation.Error{Kind: conversation.ErrTimeout, Message: "Deadline expired."}, "Server error: Deadline expired."},
		"overloaded":                {conversation.Error{Kind: conversation.ErrOverloaded, Message: "No capacity."}, "Overloaded: No capacity."},
		"overloaded, said already":  {conversation.Error{Kind: conversation.ErrOverloaded, Message: "The model is overloaded."}, "The model is overloaded."},
		"too fast":                  {conversation.Error{Kind: conversation.ErrRateLimit, Message: "Slow down."}, "Rate limit: Slow down."},
		"the client's own fault":    {conversation.Error{Kind: conversation.ErrInvalid, Message: "Bad argument."}, "Bad argument."},
		"out of quota":              {conversation.Error{Kind: conversation.ErrQuota, Message: "No quota."}, "No quota."},
		"would be the same again":   {tooLongError("the answer is too long"), "the answer is too long"},
		"the window is full":        {conversation.Error{Kind: conversation.ErrContext, Message: "Too long."}, "Too long."},
		"not for this client's key": {conversation.Error{Kind: conversation.ErrPermission, Message: "No."}, "No."},
	} {
		t.Run(name, func(t *testing.T) {
			inviteRetry(&c.err)
			if c.err.Message != c.want {
				t.Errorf("%q, want %q", c.err.Message, c.want)
			}
		})
	}
}

// An error of upstream's in mid-stream is told in words on which agents retry;
// one that another try does not mend is not.
func TestErrorEventsInviteRetry(t *testing.T) {
	for name, c := range map[string]struct{ event, want, not string }{
		"500": {`{"error":{"code":500,"message":"Oops.","status":"INTERNAL"}}`, `"type":"api_error","message":"Server error: Oops."`, "Overloaded"},
		"503": {`{"error":{"code":503,"message":"Try later.","status":"UNAVAILABLE"}}`, `"type":"overloaded_error","message":"Overloaded: Try later."`, "Server error"},
		"504": {`{"error":{"code":504,"message":"Late.","status":"DEADLINE_EXCEEDED"}}`, `"type":"timeout_error","message":"Server error: Late."`, "Overloaded"},
		"400": {`{"error":{"code":400,"message":"Wrong.","status":"INVALID_ARGUMENT"}}`, `"type":"invalid_request_error","message":"Wrong."`, "Server error"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newRig(t, nil).begin(1, "")
			send(t, a, ask)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			a.ResponseBody([]byte(hello), false)
			act := a.ResponseBody([]byte("data: "+c.event+"\r\n\r\n"), false)
			if got := string(act.Body); !act.End || !strings.Contains(got, c.want) || strings.Contains(got, c.not) {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}
