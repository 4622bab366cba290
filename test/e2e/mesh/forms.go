package mesh

// Forms are the ways of having heald in a mesh that are run.
var Forms = []Form{
	{
		Name: "istio-gateway", Outer: "0.0.0.0_8080", Inner: "127.0.0.1_18081", Host: "llm.example.com",
		Heald: []string{"10.1.0.3:9000", "10.1.0.4:9000"}, Loopback: []string{"127.0.0.1:18081"},
		Policy: "{authority: route}", HopVariable: "HEALD_HOP_SECRET", RewritesHost: true, LogsHeald: true, LogsOthers: true, Largest: 1,
	},
	{
		Name: "gateway-portable", Outer: "heald/llm/outer", Inner: "heald/llm/inner", Host: "llm.example.com",
		Heald: []string{"10.2.0.3:9000"}, Loopback: []string{"inner.localhost:18081"},
		Policy: "{authority: route, memory: store, wait: heald}", Reserved: []int{502, 503, 504, 507}, RewritesHost: true, LogsHeald: true, Largest: 2,
	},
	{
		Name: "istio-sidecar", Outer: "0.0.0.0_80", Inner: "heald-inner", Host: "llm.search.svc.cluster.local",
		Heald:      []string{"10.1.0.3:9000", "10.1.0.4:9000"},
		LogsOthers: true,
	},
	{
		Name: "gateway-patched", Outer: "heald/llm/outer", Inner: "heald/llm/inner", Host: "llm.example.com",
		Heald: []string{"10.2.0.3:9000"}, Loopback: []string{"inner.localhost:18081"},
		Policy: "{authority: route}", RewritesHost: true, LogsHeald: true,
	},
}

// Providers are the hosts of the providers in the manifests, in the order of a
// stack's backends, and clusters what x-heald-cluster must be to lead there.
var (
	Providers = []string{"generativelanguage.googleapis.com", "us-central1-aiplatform.googleapis.com"}
	clusters  = []string{"ai-studio", "vertex"}
)

// Hop is the secret between the hops, as the manifests have it.
const Hop = "hop-secret-of-the-examples"
