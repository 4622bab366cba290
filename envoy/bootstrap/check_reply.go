package bootstrap

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	celv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/access_loggers/filters/cel/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"

	"github.com/heald-proxy/heald/policies"
)

// Response code details of replies that the inner listener makes without
// heald, as a mapper's expression names them.
const (
	deadSidecar = "ext_proc_error" // heald cannot be reached, or its stream broke
	brokenReply = "upstream_"      // the provider's connection ended while heald held the answer
)

// checkReplies checks the texts of the inner listener's replies that heald did
// not make. heald's own are local replies too and must not be touched.
func (c *checker) checkReplies() {
	replies := c.inner.hcm.GetLocalReplyConfig()
	path := c.inner.path + ".local_reply_config"
	if replies.GetBodyFormat() != nil {
		c.problem(path+".body_format", "applies to every local reply, and heald's replies are local replies",
			"the errors and answers that heald makes are overwritten",
			"move it into mappers that are filtered by response.code_details")
	}
	for i, m := range replies.GetMappers() {
		if strings.Contains(expression(m.GetFilter()), "response.code_details") || c.ofReserved(m) {
			continue
		}
		if c.dump != nil && onlyStatus(m) == http.StatusRequestEntityTooLarge {
			c.note(fmt.Sprintf("%s.mappers[%d].filter", path, i), "takes every reply with status 413",
				"a 413 that heald makes of a provider's gets this text, too, whatever API the client speaks",
				"filter with a CEL expression: response.code_details == 'request_payload_too_large'")
			continue
		}
		c.problem(fmt.Sprintf("%s.mappers[%d].filter", path, i), "does not look at response.code_details",
			"heald's own replies are changed too: their status, text or mark",
			"filter with a CEL expression such as response.code_details.startsWith('ext_proc_error')")
	}
	c.checkUnreached(path + ".mappers")
	for _, details := range []string{deadSidecar, brokenReply} {
		if !c.shaped(details) {
			c.note(path+".mappers", fmt.Sprintf("none gives a text to replies whose code details start with %q", details),
				"if all retries fail, clients get an empty body or plain text instead of a JSON error",
				"copy the mappers of envoy.yaml's listener `inner`")
		}
	}
}

// onlyStatus is the one status that a mapper takes; 0 if it takes others too.
func onlyStatus(m *hcmv3.ResponseMapper) int {
	by := m.GetFilter().GetStatusCodeFilter().GetComparison()
	if by == nil || by.GetOp() != accesslogv3.ComparisonFilter_EQ {
		return 0
	}
	return int(by.GetValue().GetDefaultValue())
}

// ofReserved reports whether a mapper takes only a status that heald does not
// use.
func (c *checker) ofReserved(m *hcmv3.ResponseMapper) bool {
	return slices.Contains(c.want.Reserved, onlyStatus(m))
}

// cutOff begins the code details of a stream to heald that ended after heald had
// begun its side of it. Status 13 is gRPC's INTERNAL; a replica that cannot be
// reached is 14.
const cutOff = "ext_proc_error_gRPC_error_13"

// checkUnreached checks that only attempts which reached no replica are counted
// as such. If requests come in parts, no header says that a replica has the
// request.
func (c *checker) checkUnreached(path string) {
	if !c.filter.inParts() {
		return
	}
	for i, m := range c.inner.hcm.GetLocalReplyConfig().GetMappers() {
		adds := slices.ContainsFunc(m.GetHeadersToAdd(), func(h *corev3.HeaderValueOption) bool {
			return strings.EqualFold(h.GetHeader().GetKey(), policies.HeaderUnreached)
		})
		if adds && !strings.Contains(expression(m.GetFilter()), cutOff) {
			c.problem(fmt.Sprintf("%s[%d].filter", path, i), "takes an attempt whose replica died for one that reached none",
				"a request that kills replicas is tried again more often than twice",
				"add && !response.code_details.startsWith('"+cutOff+"')")
		}
	}
}

// shaped reports whether a mapper sets the text of replies of this kind.
func (c *checker) shaped(details string) bool {
	for _, m := range c.inner.hcm.GetLocalReplyConfig().GetMappers() {
		if covers(m, details) && (m.GetBodyFormatOverride() != nil || m.GetBody() != nil) {
			return true
		}
	}
	return false
}

// marked reports whether a mapper marks replies of this kind for a retry.
func (c *checker) marked(details string) bool {
	for _, m := range c.inner.hcm.GetLocalReplyConfig().GetMappers() {
		if !covers(m, details) {
			continue
		}
		for _, h := range m.GetHeadersToAdd() {
			if strings.EqualFold(h.GetHeader().GetKey(), policies.HeaderRetry) && h.GetHeader().GetValue() == "1" {
				return true
			}
		}
	}
	return false
}

// covers reports whether a mapper's expression names such code details. It reads
// the expression's text and does not evaluate it; an expression with more
// conditions covers only a part.
func covers(m *hcmv3.ResponseMapper, details string) bool {
	text := expression(m.GetFilter())
	return strings.Contains(text, "response.code_details") && strings.Contains(text, details) && !strings.Contains(text, "&&")
}

// expression returns the CEL expressions of a filter.
func expression(f *accesslogv3.AccessLogFilter) string {
	var parts []string
	for _, sub := range slices.Concat(f.GetAndFilter().GetFilters(), f.GetOrFilter().GetFilters()) {
		parts = append(parts, expression(sub))
	}
	if cel, ok := decode[*celv3.ExpressionFilter](f.GetExtensionFilter().GetTypedConfig()); ok {
		parts = append(parts, cel.GetExpression())
	}
	return strings.Join(parts, " ")
}
