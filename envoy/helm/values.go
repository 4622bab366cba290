package helm

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Values are those of the chart that follow from a heald.yaml. The zero value of a
// field leaves the chart's default.
type Values struct {
	Secrets  Secrets   `yaml:"secrets,omitempty"`
	TLS      *TLS      `yaml:"tls,omitempty"`
	Tenants  *Existing `yaml:"tenants,omitempty"`
	ExtraEnv []EnvVar  `yaml:"extraEnv,omitempty"`
	Envoy    *Envoy    `yaml:"envoy,omitempty"`
	// Config is heald.yaml with its comments, without what the chart sets.
	Config yaml.Node `yaml:"config"`

	made  []command
	notes []string // what the values cannot express
}

// Secrets names the Secrets that are mounted where heald reads its secrets.
type Secrets struct {
	Existing []string `yaml:"existing,omitempty"`
}

// Existing names a Secret that the user makes.
type Existing struct {
	ExistingSecret string `yaml:"existingSecret"`
}

// TLS is mutual TLS on the gRPC port.
type TLS struct {
	Existing `yaml:",inline"`
	Allow    []string `yaml:"allow,omitempty"`
}

// Envoy is the chart's own, in the same pods.
type Envoy struct {
	Enabled bool `yaml:"enabled"`
}

// EnvVar is a variable of the container whose value is a key of a Secret.
type EnvVar struct {
	Name      string `yaml:"name"`
	ValueFrom struct {
		SecretKeyRef struct {
			Name string `yaml:"name"`
			Key  string `yaml:"key"`
		} `yaml:"secretKeyRef"`
	} `yaml:"valueFrom"`
}

// command makes one Secret.
type command struct {
	secret string
	parts  []string
}

// The names of the Secrets that the values refer to.
const (
	secretName  = "heald-secrets"
	tlsName     = "heald-tls"
	tenantsName = "heald-tenants"
)

// secretDir is where the chart mounts Secrets; a test compares it with the chart.
const secretDir = "/run/secrets/heald"

// add says how one key of a Secret is made.
func (v *Values) add(secret, part string) {
	for i := range v.made {
		if v.made[i].secret == secret {
			v.made[i].parts = append(v.made[i].parts, part)
			return
		}
	}
	v.made = append(v.made, command{secret, []string{part}})
}

// YAML writes the values, with what to do before they are used as comments. from is
// the name of the heald.yaml.
func (v *Values) YAML(from string) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Values of heald's Helm chart for %s; `heald render helm-values --config %s --diff FILE`\n# says what differs after a change.\n", from, from)
	if len(v.made) > 0 {
		b.WriteString("#\n# First, in bash, with the variables set and the files at hand:\n#\n")
	}
	for _, c := range v.made {
		fmt.Fprintf(&b, "#   kubectl create secret generic %s \\\n#     %s\n", c.secret, strings.Join(c.parts, " \\\n#     "))
	}
	b.WriteString("#\n# Then: helm upgrade --install heald envoy/helm/heald -f THIS_FILE\n")
	for _, n := range v.notes {
		fmt.Fprintf(&b, "#\n# Note: %s\n", n)
	}
	b.WriteString("\n")
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write values: %w", err)
	}
	return b.Bytes(), e.Close()
}

// quote makes a text one word of a shell.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
