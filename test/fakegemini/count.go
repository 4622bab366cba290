package fakegemini

import (
	"errors"
	"fmt"
	"net/http"
)

// countBody turns a CountTokensRequest into the GenerateContentRequest it is
// about. AI Studio takes contents or a wrapped request, Vertex a flat one.
func countBody(t target, n *node) (*node, error) {
	wrapped := n.get("generateContentRequest")
	switch {
	case t.vertex || wrapped == nil:
		return n, nil
	case n.get("contents") != nil:
		return nil, errors.New("* CountTokensRequest.generate_content_request: generate_content_request is mutually exclusive with contents.\n") //nolint:revive,staticcheck // Google's wording
	case wrapped.get("model").str() != "models/"+t.model:
		return nil, fmt.Errorf("* CountTokensRequest.generate_content_request.model: must be models/%s, the model of the URL, not %q.\n", t.model, wrapped.get("model").str()) //nolint:revive,staticcheck // as above
	}
	return wrapped, nil
}

func countReply(j *validator) Reply {
	n := estimateTokens(j.body)
	billable := ""
	if j.target.vertex {
		size, _ := textSize(j.body)
		billable = fmt.Sprintf(`"totalBillableCharacters":%d,`, size)
	}
	doc := fmt.Sprintf(`{"totalTokens":%d,%s"promptTokensDetails":[{"modality":"TEXT","tokenCount":%d}]}`, n, billable, n)
	header := http.Header{"Content-Type": {"application/json; charset=UTF-8"}}
	return Raw(http.StatusOK, header, indented(doc)).named("count")
}
