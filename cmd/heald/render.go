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
	"github.com/spf13/pflag"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/envoy/mesh"
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
	// plain is --heald-tls where heald has no TLS of its own.
	plain  string
	render func(mesh.Params) (*mesh.Manifests, error)
}

func renderIstioCommand(out streams) *cobra.Command {
	o := renderOptions{render: mesh.Istio, plain: mesh.Mesh}
	cmd := &cobra.Command{
		Use: "istio [flags]", Short: "print manifests for Istio",
		Long: "print the manifests with which Istio's gateway or sidecars have heald between clients and providers",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			sidecar := o.p.Form == mesh.SidecarForm
			if sidecar && !cmd.Flags().Changed("host") {
				o.p.Host = "llm." + o.p.Namespace + ".svc.cluster.local"
			}
			if sidecar && !cmd.Flags().Changed("selector") {
				o.selector = ""
			}
			if sidecar && !cmd.Flags().Changed("hop-env") {
				o.p.HopEnv = "" // a sidecar's container takes no variable from a Secret
			}
			if o.p.TLSSecret != "" && !cmd.Flags().Changed("port") {
				o.port = "443:8443"
			}
			return o.print(out)
		},
	}
	fs := cmd.Flags()
	o.register(fs)
	fs.StringVar(&o.p.Form, "form", mesh.GatewayForm, "`FORM` gateway, or sidecar: in the sidecars of clients")
	fs.StringVar(&o.port, "port", "80:8080", "clients call `PORT` of the gateway's Service, then that of its pod (with --tls-secret: 443:8443)")
	fs.StringVar(&o.selector, "selector", "istio=ingressgateway", "pods with `LABELS`, key=value, more after commas; sidecar without: all of the namespace")
	fs.StringVar(&o.p.HopEnv, "hop-env", "HEALD_HOP_SECRET", "the gateway's Envoy has hop_secret in `VARIABLE`; empty: in clear in the file")
	fs.StringVar(&o.p.HealdTLS, "heald-tls", "", "to heald by `HOW`: mesh (it has a sidecar), plain, tls (default: tls if heald.yaml has listen.tls, else mesh)")
	return cmd
}

func renderGatewayCommand(out streams) *cobra.Command {
	o := renderOptions{render: mesh.Gateway, plain: mesh.Plain}
	cmd := &cobra.Command{
		Use: "envoy-gateway [flags]", Short: "print manifests for Envoy Gateway",
		Long: "print the manifests with which Envoy Gateway has heald between clients and providers",
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.p.TLSSecret != "" && !cmd.Flags().Changed("port") {
				o.port = "443"
			}
			return o.print(out)
		},
	}
	fs := cmd.Flags()
	o.register(fs)
	fs.StringVar(&o.p.Form, "form", mesh.PortableForm, "`FORM` portable, or patched: with EnvoyPatchPolicy")
	fs.StringVar(&o.port, "port", "8080", "`PORT` of the Gateway that clients call (with --tls-secret: 443)")
	fs.StringVar(&o.p.Class, "class", "eg", "`NAME` of the GatewayClass")
	fs.StringVar(&o.p.HopSecret, "hop-secret", "heald-hop", "the Secret `NAME` has hop_secret under credential; empty: in clear in the file")
	fs.StringVar(&o.p.HealdTLS, "heald-tls", "", "to heald by `HOW`: plain, or tls (default: tls if heald.yaml has listen.tls, else plain)")
	return cmd
}

func (o *renderOptions) register(fs *pflag.FlagSet) {
	o.flags.Register(fs)
	fs.StringVar(&o.p.Namespace, "namespace", "heald", "`NAME` of the objects' namespace")
	fs.StringVar(&o.p.Host, "host", "llm.example.com", "host `NAME` that clients call")
	fs.StringVar(&o.p.Heald, "heald", "", "heald's Service is at `ADDRESS`, host:port (default: heald:9000 in the namespace)")
	fs.StringVar(&o.policy, "policy", "", "`NAME` of the policy for this host (default: default)")
	fs.StringVar(&o.p.Team, "team", "", "only what team `NAME` needs for its own --host and --policy")
	fs.StringVar(&o.p.TLSSecret, "tls-secret", "", "the Secret `NAME` has the certificate for --host")
	fs.StringVar(&o.output, "output", "", "write to `FILE`, for its owner only")
	fs.StringVar(&o.existing, "diff", "", "say what differs in `FILE`; exit status 1 if anything does")
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
		return o.compare(out, manifests)
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
	noteProxies(out.err, cfg)
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
		out[key] = value
	}
	return out, nil
}

func (o *renderOptions) compare(out streams, manifests *mesh.Manifests) error {
	text, err := os.ReadFile(filepath.Clean(o.existing))
	if err != nil {
		return err
	}
	differences, err := manifests.Diff(text)
	if err != nil {
		return fmt.Errorf("%s: %w", o.existing, err)
	}
	for _, d := range differences {
		fmt.Fprintln(out.out, d)
	}
	if len(differences) > 0 {
		return errProblems
	}
	fmt.Fprintf(out.out, "%s is what heald render prints for this heald.yaml\n", o.existing)
	return nil
}
