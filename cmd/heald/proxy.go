package main

import (
	"fmt"
	"io"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// proxyVariable is the variable of Envoy's environment that holds the value of
// the header Proxy-Authorization. Further logins have a number after that name.
const proxyVariable = "HEALD_PROXY_AUTHORIZATION"

// proxyLogin identifies a login. value is unknown if this process does not start
// Envoy, and from is empty if the environment names the proxy: then HTTPS_PROXY
// and HTTP_PROXY may have different logins.
type proxyLogin struct {
	from  config.Source
	value string
}

// proxyVariables names a variable for the login of each backend's proxy, by
// cluster. Backends with the same login share one.
func proxyVariables(cfg *config.Config) map[string]string {
	names, out := map[proxyLogin]string{}, map[string]string{}
	for _, b := range cfg.Backends {
		if !b.HasProxyLogin() {
			continue
		}
		login := proxyLogin{b.ProxyLogin, b.ProxyAuthorization()}
		name, ok := names[login]
		if !ok {
			name = proxyVariable
			if len(names) > 0 {
				name = fmt.Sprintf("%s_%d", proxyVariable, len(names)+1)
			}
			names[login] = name
		}
		out[b.Cluster] = name
	}
	return out
}

// proxyEnvironment is what Envoy's environment must contain for its proxies.
func proxyEnvironment(cfg *config.Config) (env []string) {
	names, set := proxyVariables(cfg), map[string]bool{}
	for _, b := range cfg.Backends {
		if name := names[b.Cluster]; name != "" && !set[name] {
			set[name] = true
			env = append(env, name+"="+b.ProxyAuthorization())
		}
	}
	return env
}

// tellProxies prints which backends are reached through a proxy.
func tellProxies(out io.Writer, cfg *config.Config) {
	for _, b := range cfg.Backends {
		if b.Proxy == "" {
			continue
		}
		from := "heald.yaml"
		if b.EnvProxy() {
			from = config.EnvProxyName(b.URL)
		}
		fmt.Fprintf(out, "%s is reached through the proxy %s (of %s)\n", b.Name, b.Proxy, from)
	}
}

// noteProxies prints what the user of a rendered configuration has to do for
// its proxies.
func noteProxies(out io.Writer, cfg *config.Config) {
	names := proxyVariables(cfg)
	for _, b := range cfg.Backends {
		if name := names[b.Cluster]; name != "" {
			fmt.Fprintf(out, "note: the proxy of %s gets its login from Envoy's environment: start Envoy with %s=\"Basic $(printf %%s \"$USER_AND_PASSWORD\" | base64 -w 0)\"\n", b.Name, name)
		}
	}
	if name := cfg.UnusedEnvProxy(); name != "" {
		fmt.Fprintf(out, "note: %s has no effect here: if Envoy is to use a proxy, write proxy: http://host:port at the backend in heald.yaml\n", name)
	}
}
