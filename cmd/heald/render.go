package main

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/envoy/mesh"
	"github.com/heald-proxy/heald/policies/redact"
)

// renderCommand prints what a mesh needs for heald.yaml.
func renderCommand(out streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "render", Short: "print the manifests of a mesh for heald.yaml",
		Long: "print what Istio, Envoy Gateway or an Envoy of one's own needs for this heald.yaml: backends, limits, retries, timeouts",
		Args: commandNamed,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	own := envoyCommand(out)
	own.Short = "print an Envoy configuration, as heald envoy does"
	cmd.AddCommand(
		renderIstioCommand(out), renderGatewayCommand(out), own, renderValuesCommand(out),
	)
	return cmd
}

// renderOptions are the flags of `render istio` and `render envoy-gateway`.
type renderOptions struct {
	flags            config.Flags
	p                mesh.Params
	port, selector   string
	policy           string
	output, existing string

	// What the two have otherwise: how the manifests are made, and --heald-tls and
	// --port if they are not given. plain is for a heald without TLS of its own,
	// tlsPort for --tls-secret.
	render         func(mesh.Params) (*mesh.Manifests, error)
	plain, tlsPort string
	// adjust changes other defaults once the form is known; nil for none.
	adjust func(given func(flag string) bool)
}

func renderIstioCommand(out streams) *cobra.Command {
	o := renderOptions{render: mesh.Istio, plain: mesh.Mesh, tlsPort: "443:8443"}
	cmd := o.command(out, "istio", "Istio", "with which Istio's gateway or sidecars have heald between clients and providers")
	fs := cmd.Flags()
	fs.StringVar(&o.p.Form, "form", mesh.GatewayForm, "`FORM` gateway, or sidecar of clients")
	fs.StringVar(&o.port, "port", "80:8080", "clients call `PORT` of the gateway's Service, then that of its pod (with --tls-secret: "+o.tlsPort+")")
	fs.StringVar(&o.selector, "selector", "istio=ingressgateway", "pods with `LABELS`, key=value,…; sidecar without: the namespace")
	fs.StringVar(&o.p.AccessLog, "access-log", "envoy", "provider `NAME` of the mesh's log, or none")
	fs.StringSliceVar(&o.p.TeamHosts, "team-hosts", nil, "leave `HOSTS` of teams (a,b) out of that log, too")
	fs.StringVar(&o.p.HopEnv, "hop-env", "HEALD_HOP_SECRET", "the gateway's Envoy has hop_secret in `VARIABLE`; empty: in clear in the file")
	fs.StringVar(&o.p.HealdTLS, "heald-tls", "", "to heald by `HOW`: mesh (it has a sidecar), plain, tls (default: tls if heald.yaml has listen.tls, else mesh)")
	o.adjust = func(given func(string) bool) {
		if o.p.Form != mesh.SidecarForm {
			return
		}
		if !given("host") {
			o.p.Host = "llm." + o.p.Namespace + ".svc.cluster.local"
		}
		if !given("selector") {
			o.selector = ""
		}
		if !given("hop-env") {
			o.p.HopEnv = "" // a sidecar's container takes no variable from a Secret
		}
	}
	return cmd
}

func renderGatewayCommand(out streams) *cobra.Command {
	o := renderOptions{render: mesh.Gateway, plain: mesh.Plain, tlsPort: "443"}
	cmd := o.command(out, "envoy-gateway", "Envoy Gateway", "with which Envoy Gateway has heald between clients and providers")
	fs := cmd.Flags()
	fs.StringVar(&o.p.Form, "form", mesh.PortableForm, "`FORM` portable, or patched: with EnvoyPatchPolicy")
	fs.StringVar(&o.port, "port", "8080", "`PORT` of the Gateway that clients call (with --tls-secret: "+o.tlsPort+")")
	fs.StringVar(&o.p.Class, "class", "eg", "`NAME` of the GatewayClass")
	fs.StringVar(&o.p.HopSecret, "hop-secret", "heald-hop", "the Secret `NAME` has hop_secret under credential; empty: in clear in the file")
	fs.StringVar(&o.p.HealdTLS, "heald-tls", "", "to heald by `HOW`: plain, or tls (default: tls if heald.yaml has listen.tls, else plain)")
	return cmd
}

// command makes the command for a mesh, with the flags that both have.
func (o *renderOptions) command(out streams, name, meshName, does string) *cobra.Command {
	cmd := &cobra.Command{
		Use: name + " [flags]", Short: "print manifests for " + meshName,
		Long: "print the manifests " + does,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := cmd.Flags().Changed
			if err := notEmpty(cmd, "diff", "output"); err != nil {
				return err
			}
			if o.p.Team != "" && !given("host") {
				return &usageError{errors.New("--team: name the team's own host with --host; the one by default is that of all")}
			}
			if o.p.TLSSecret != "" && !given("port") {
				o.port = o.tlsPort
			}
			if o.adjust != nil {
				o.adjust(given)
			}
			return o.print(out)
		},
	}
	fs := cmd.Flags()
	o.flags.Register(fs)
	fs.StringVar(&o.p.Namespace, "namespace", "heald", "`NAME` of the objects' namespace")
	fs.StringVar(&o.p.Host, "host", "llm.example.com", "host `NAME` that clients call")
	fs.StringVar(&o.p.Heald, "heald", "", "heald's Service is at `ADDRESS`, host:port (default: heald:9000 in the namespace)")
	fs.StringVar(&o.policy, "policy", "", "`NAME` of the policy for this host (default: default)")
	fs.StringVar(&o.p.Team, "team", "", "what team `NAME` needs for its own --host and --policy")
	fs.StringVar(&o.p.TLSSecret, "tls-secret", "", "the Secret `NAME` has the certificate for --host")
	fs.StringVar(&o.output, "output", "", "write to `FILE`, for its owner only")
	fs.StringVar(&o.existing, "diff", "", diffHelp)
	return cmd
}

func (o *renderOptions) print(out streams) error {
	if o.existing != "" && o.output != "" {
		return &usageError{errors.New("--output: --diff writes no manifests; leave out one of them")}
	}
	manifests, inClear, err := o.manifests(out)
	if err != nil {
		return err
	}
	if o.existing != "" {
		return tellDifferences(out, o.existing, manifests.Diff)
	}
	if inClear {
		fmt.Fprintln(out.err, "note: the manifests hold hop_secret in clear: keep them as you keep secrets (mode 0600, not in a repository)")
	}
	text, err := manifests.YAML()
	if err != nil {
		return err
	}
	if o.output != "" {
		return writeWhole(filepath.Clean(o.output), text)
	}
	_, err = out.out.Write(text)
	return err
}

// manifests are those for heald.yaml and the flags, and whether they hold the
// hop secret.
func (o *renderOptions) manifests(out streams) (manifests *mesh.Manifests, inClear bool, err error) {
	cfg, err := o.flags.Load()
	if err != nil {
		return nil, false, err
	}
	x, err := cfg.Exchange()
	if err != nil {
		return nil, false, err
	}
	if cfg.OneHop() {
		return nil, false, errOneHop("what heald render prints")
	}
	p := o.p
	p.Envoy = envoyParams(cfg, x, "", "", nil)
	p.Envoy.Policy = o.policy
	p.Policies = policiesOf(cfg)
	if p.Port, p.PodPort, err = ports(o.port); err != nil {
		return nil, false, err
	}
	if p.Selector, err = labels(o.selector); err != nil {
		return nil, false, err
	}
	if p.HealdTLS, err = healdTLS(o.p.HealdTLS, o.plain, cfg.Listen.TLS != nil); err != nil {
		return nil, false, err
	}
	p.HealdPod = podPort(cfg.Listen.GRPC)
	if manifests, err = o.render(p); err != nil {
		return nil, false, err
	}
	if name := cfg.UnusedEnvProxy(); name != "" {
		fmt.Fprintf(out.err, "note: %s has no effect here: the mesh's Envoys reach providers directly, or by the mesh's own way out (an egress gateway)\n", name)
	}
	if x.Hop == "" {
		fmt.Fprintln(out.err, "note: heald.yaml has no hop_secret, so the manifests send none, and a heald that has one (the Helm chart makes one) refuses all requests; render in heald's pod (kubectl exec), or add hop_secret to heald.yaml")
	}
	return manifests, x.Hop != "" && p.HopEnv == "" && p.HopSecret == "", nil
}

// healdTLS is how Envoy reaches heald: as --heald-tls says, which must fit
// listen.tls of heald.yaml. Without the flag heald.yaml decides; plain is what
// there is without listen.tls.
func healdTLS(flag, plain string, listens bool) (string, error) {
	switch {
	case flag == "" && listens:
		return mesh.TLS, nil
	case flag == "":
		return plain, nil
	case flag == mesh.TLS && !listens:
		return "", errors.New("--heald-tls: heald.yaml has no listen.tls, so heald speaks plain text; add listen.tls, or leave the flag out")
	case (flag == mesh.Mesh || flag == mesh.Plain) && listens:
		return "", fmt.Errorf("--heald-tls: heald.yaml has listen.tls, so heald refuses connections by %s; remove listen.tls, or leave the flag out", flag)
	}
	return flag, nil
}

// podPort is the port on which heald's pod listens for Envoys elsewhere: that of
// listen.grpc, or that of the Helm chart.
func podPort(grpc []string) int {
	for _, address := range grpc {
		if !config.Exposed(address) {
			continue
		}
		if _, text, err := net.SplitHostPort(address); err == nil {
			if port, err := strconv.Atoi(text); err == nil {
				return port
			}
		}
	}
	return chartPort
}

// chartPort is the port on which the Helm chart has heald listen for Envoy.
const chartPort = 9000

// policiesOf are the policies of heald.yaml, as the manifests need to know them.
func policiesOf(cfg *config.Config) []mesh.Policy {
	settings := cfg.Settings()
	out := make([]mesh.Policy, 0, len(settings))
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		s := settings[name]
		p := mesh.Policy{Name: name, StoreMemory: s.StoresMemory(), OwnWait: s.Wait == "heald", RouteAuthority: s.Authority == "route", Reserved: s.ReservedStatus}
		out = append(out, p)
	}
	return out
}

// ports reads --port: SERVICE or SERVICE:POD.
func ports(s string) (service, pod int, err error) {
	first, second, both := strings.Cut(s, ":")
	if !both {
		second = first
	}
	service, err = strconv.Atoi(first)
	if err == nil {
		pod, err = strconv.Atoi(second)
	}
	if err != nil {
		return 0, 0, &usageError{fmt.Errorf("--port: %q: want a port, or the Service's and the pod's as 80:8080", s)}
	}
	return service, pod, nil
}

// labels reads --selector: key=value, more after commas.
func labels(s string) (map[string]string, error) {
	out := map[string]string{}
	for pair := range strings.SplitSeq(s, ",") {
		if pair == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, &usageError{fmt.Errorf("--selector: %q: want key=value, more after commas", pair)}
		}
		if _, twice := out[key]; twice {
			return nil, &usageError{fmt.Errorf("--selector: %s is given twice, and a label has one value", key)}
		}
		out[key] = value
	}
	return out, nil
}

// diffHelp is about --diff of a mesh's manifests. The guides have the rule of what
// is heald's of the objects that only the file has.
const diffHelp = "say what differs in `FILE`, with heald's objects that are only there; exit status 1 if anything does"

// tellDifferences prints what differs in a file from what heald.yaml means. It
// prints nothing that looks like a credential: the file may hold one.
func tellDifferences(out streams, file string, diff func(have []byte) ([]string, error)) error {
	have, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return fmt.Errorf("--diff: %w", err)
	}
	differences, err := diff(have)
	if err != nil {
		return fmt.Errorf("--diff: %s: %w", file, err)
	}
	for _, d := range differences {
		fmt.Fprintln(out.out, redact.Text(d))
	}
	if len(differences) > 0 {
		return errProblems
	}
	fmt.Fprintf(out.out, "%s fits this heald.yaml\n", file)
	return nil
}
