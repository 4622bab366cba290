package exchange

import (
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/endpoint"
)

// refuseModel ends a request for a model that is not available.
func (a *attempt) refuseModel(reason string, kind conversation.ErrorKind, why string) *policies.Reply {
	e := &conversation.Error{Kind: kind, Message: "model " + why}
	a.noModel(e)
	return a.refuse(reason, e)
}

// noModel completes an error about a model's name: it names the field, and says
// what to do, in the words of the client's API.
func (a *attempt) noModel(e *conversation.Error) {
	list := "/v1/models"
	if a.dialect == endpoint.Native {
		list = "/v1beta/models"
	}
	end := "; "
	if strings.HasSuffix(e.Message, ".") {
		end = " "
	}
	e.Param = "model"
	e.Message += end + "GET " + list + " lists what is served; models.aliases in heald.yaml adds names"
}
