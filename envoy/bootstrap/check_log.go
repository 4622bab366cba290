package bootstrap

import (
	"fmt"
	"regexp"
	"strings"

	accesslogv3 "github.com/envoyproxy/go-control-plane/envoy/config/accesslog/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

var (
	// queryInLog finds operators that print a path with its query, where Google's
	// clients put their key (?key=…).
	queryInLog = regexp.MustCompile(`(?i)%REQ\((:PATH|[^)]*\?:PATH)\)|%PATH(%|\(WQ|\(\)|:)|%REQUESTED_PATH|%REQ\(X-ENVOY-ORIGINAL-PATH\)`)
	// keyInLog finds operators that print a header which holds a key.
	keyInLog = regexp.MustCompile(`(?i)%REQ\([^)]*\b(authorization|x-api-key|api-key|x-goog-api-key|x-heald-hop|cookie)\b[^)]*\)`)
	// keyHeader is only the name of such a header, as in gRPC access logs.
	keyHeader = regexp.MustCompile(`(?i)^(authorization|x-api-key|api-key|x-goog-api-key|x-heald-hop|cookie)$`)
)

// checkLogs checks that no access log keeps credentials.
func (c *checker) checkLogs() {
	found := c.healdFilters()
	for _, ch := range c.chains {
		if len(found) > 0 && c.ofOthers(ch, found[0].chain) {
			continue
		}
		for i, log := range ch.hcm.GetAccessLog() {
			if c.leavesOutHeald(log.GetFilter(), ch) {
				continue
			}
			c.checkLog(log, fmt.Sprintf("%s.access_log[%s].typed_config", ch.path, itemLabel(log.ProtoReflect(), i)))
		}
	}
}

func (c *checker) checkLog(log *accesslogv3.AccessLog, path string) {
	config, err := log.GetTypedConfig().UnmarshalNew()
	if err != nil {
		return // unknown, which is reported elsewhere
	}
	url := log.GetTypedConfig().GetTypeUrl()
	text := strings.HasSuffix(url, "StdoutAccessLog") || strings.HasSuffix(url, "StderrAccessLog") || strings.HasSuffix(url, "FileAccessLog")
	report := c.problem
	if sparesHost(log.GetFilter()) {
		report = c.note // of another site on heald's listener
	}
	query, key := false, false
	formatted := false
	eachString(config.ProtoReflect(), func(field, s string) {
		formatted = formatted || strings.Contains(s, "%")
		query = query || queryInLog.MatchString(s)
		key = key || keyInLog.MatchString(s) || strings.HasSuffix(field, "headers_to_log") && keyHeader.MatchString(s)
	})
	switch {
	case text && !formatted && !hasFormat(config):
		report(path+".log_format", "not set: Envoy's default prints the path with its query",
			"keys that clients send as ?key=… are in the log", `a format with "%PATH(NQ)%", as in envoy.yaml`)
	case query:
		report(path+".log_format", "prints the path with its query",
			"keys that clients send as ?key=… are in the log", `"%PATH(NQ)%" instead of "%REQ(:PATH)%"`)
	}
	if key {
		report(path, "prints a header that holds a credential", "whoever reads the log has the keys of clients, or heald's", "remove it from the format")
	}
}

// hasFormat reports whether a text log has a format of its own.
func hasFormat(m proto.Message) bool {
	set := false
	m.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		set = set || strings.Contains(string(f.Name()), "format")
		return true
	})
	return set
}

// eachString visits every string below m, in Any messages too, with the name of
// its field.
func eachString(m protoreflect.Message, visit func(field, s string)) {
	if packed, ok := m.Interface().(*anypb.Any); ok {
		if inner, err := packed.UnmarshalNew(); err == nil {
			eachString(inner.ProtoReflect(), visit)
		}
		return
	}
	one := func(f protoreflect.FieldDescriptor, v protoreflect.Value) {
		switch f.Kind() {
		case protoreflect.StringKind:
			visit(string(f.Name()), v.String())
		case protoreflect.MessageKind:
			eachString(v.Message(), visit)
		}
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList():
			for i := range v.List().Len() {
				one(f, v.List().Get(i))
			}
		case f.IsMap():
			v.Map().Range(func(_ protoreflect.MapKey, v protoreflect.Value) bool {
				one(f.MapValue(), v)
				return true
			})
		default:
			one(f, v)
		}
		return true
	})
}
