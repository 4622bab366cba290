package bootstrap

import (
	"slices"
	"strings"

	luav3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/lua/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
)

// checkClose looks for the filter that announces the end of the connection to
// clients that would not ask again without the announcement.
func (c *checker) checkClose(ch *chain) {
	if !slices.ContainsFunc(ch.hcm.GetHttpFilters(), announcesClose) {
		c.note(ch.path+".http_filters", "no filter announces to gemini-cli that its connection ends with the reply",
			"gemini-cli ends its turn if the provider resets a stream that has begun; without a gateway it asks again",
			"copy the filter heald.close of envoy.yaml's listener `outer`")
	}
}

func announcesClose(f *hcmv3.HttpFilter) bool {
	lua, ok := decode[*luav3.Lua](f.GetTypedConfig())
	if !ok || f.GetDisabled() {
		return false
	}
	inFile := lua.GetDefaultSourceCode().GetFilename() != "" && strings.Contains(f.GetName(), "close")
	return inFile || strings.Contains(luaText(lua), ":drainConnectionUponCompletion(")
}
