package route

import (
	"strings"
	"testing"
)

func TestValidateProxy(t *testing.T) {
	for proxy, want := range map[string]string{
		"":                                     "",
		"http://proxy.example:3128":            "",
		"http://10.0.0.1:8080/":                "",
		"https://[2001:db8::1]:8443":           "",
		"http://proxy.example":                 "has no port",
		"http://proxy.example:0":               "not between 1 and 65535",
		"http://proxy.example:70000":           "not between 1 and 65535",
		"proxy.example:3128":                   "is no http or https address",
		"ftp://proxy.example:21":               "is no http or https address",
		"http://:3128":                         "is no http or https address",
		"http://proxy.example:3128/pac":        "has a path",
		"http://proxy.example:3128?a=b":        "has a path",
		"socks5://proxy.example:1080":          "Envoy cannot go through one",
		"socks4a://proxy.example:1080":         "Envoy cannot go through one",
		"http://me:hunter2@proxy.example:3128": "backends[].proxy_login",
		"me:hunter2@proxy.example:3128":        "backends[].proxy_login",
		"http://me@proxy.example:3128":         "backends[].proxy_login",
	} {
		err := Backend{Name: "a", Kind: AIStudio, Cluster: "a", Proxy: proxy}.Validate("backends[0]")
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.HasPrefix(err.Error(), "backends[0].proxy: ")):
			t.Errorf("%s: %v", proxy, err)
		case want != "" && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%s: %v, want %q", proxy, err, want)
		}
	}
}

func TestParseBackendProxy(t *testing.T) {
	b, err := ParseBackend("a=ai_studio,,proxy=http://proxy.example:3128")
	if err != nil || b.ProxyHost() != "proxy.example:3128" {
		t.Errorf("%+v, %v", b, err)
	}
}
