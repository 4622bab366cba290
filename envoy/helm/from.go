package helm

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Options choose the form of an installation.
type Options struct {
	// Envoy asks for the chart's own Envoy, in the same pods as heald.
	Envoy bool
}

// From makes values from the text of a heald.yaml that heald has taken.
func From(text []byte, o Options) (*Values, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("read heald.yaml: %w", err)
	}
	v := &Values{Config: yaml.Node{Kind: yaml.MappingNode}}
	if len(doc.Content) == 1 {
		if doc.Content[0].Kind != yaml.MappingNode {
			return nil, errors.New("read heald.yaml: it is no mapping")
		}
		v.Config = *doc.Content[0]
	}
	if o.Envoy {
		v.Envoy = &Envoy{Enabled: true}
	}
	f := &from{v: v, keys: map[string]string{}}
	f.listen(o)
	f.tenants()
	f.redis()
	f.paths(o)
	f.walk(&v.Config, "")
	if get(&v.Config, "backends") == nil && get(&v.Config, "accounts") == nil {
		f.secret("GEMINI_API_KEY", "") // the account that heald makes of it; the chart does the same
	}
	if len(f.keys) > 0 {
		v.Secrets.Existing = []string{secretName}
	}
	return v, nil
}

type from struct {
	v *Values
	// keys are those of the Secret, and where each comes from.
	keys map[string]string
}

// walk replaces each source of a secret in n by a file of the Secret. at is n's
// path in heald.yaml.
func (f *from) walk(n *yaml.Node, at string) {
	if n.Kind != yaml.MappingNode {
		for _, c := range n.Content {
			f.walk(c, at)
		}
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		below := strings.TrimPrefix(at+"."+key.Value, ".")
		switch {
		case value.Kind != yaml.ScalarNode:
			f.walk(value, below)
		case key.Value == "env":
			key.Value, value.Value = "file", f.secret(value.Value, "")
			value.Tag, value.Style = "!!str", 0
		case isFile(below, key.Value):
			value.Value = f.secret("", value.Value)
		}
	}
}

// isFile tells files that heald reads and that belong into a Secret from other
// values of heald.yaml.
func isFile(at, key string) bool {
	switch key {
	case "file":
		return at != "record.file" // it is written
	case "cert", "key", "client_ca":
		return strings.HasSuffix(path.Dir(strings.ReplaceAll(at, ".", "/")), "tls")
	case "ca":
		return at == "state.redis.ca"
	}
	return false
}

var notInKeys = regexp.MustCompile(`[^a-z0-9.]+`)

// secret returns the path below which a variable or a file is mounted. One source
// has one key, however often it is named.
func (f *from) secret(variable, file string) string {
	key := strings.Trim(notInKeys.ReplaceAllString(strings.ToLower(variable+path.Base(file)), "-"), "-.")
	if variable != "" {
		key = strings.Trim(notInKeys.ReplaceAllString(strings.ToLower(variable), "-"), "-.")
	}
	source := variable + ":" + file
	for n := 2; f.keys[key] != "" && f.keys[key] != source; n++ { // files of one name in two folders
		key = fmt.Sprintf("%s-%d", strings.TrimSuffix(key, fmt.Sprintf("-%d", n-1)), n)
	}
	if f.keys[key] == "" {
		f.keys[key] = source
		if variable != "" {
			// Not --from-literal: everybody may read the arguments of a process.
			f.v.add(secretName, fmt.Sprintf(`--from-file=%s=<(printf %%s "$%s")`, key, variable))
		} else {
			f.v.add(secretName, fmt.Sprintf("--from-file=%s=%s", key, quote(file)))
		}
	}
	return secretDir + "/" + key
}

// listen moves certificates into a Secret; the chart sets the addresses. With an
// Envoy in the pods the chart takes no certificates.
func (f *from) listen(o Options) {
	listen := remove(&f.v.Config, "listen")
	tls := get(listen, "tls")
	if tls == nil {
		return
	}
	if o.Envoy {
		f.v.notes = append(f.v.notes, "listen.tls is left out: only the Envoy of the same pod connects to heald, in plain text on loopback.")
		return
	}
	f.v.TLS = &TLS{Existing: Existing{tlsName}}
	for _, file := range []struct{ name, key string }{{"cert", "tls.crt"}, {"key", "tls.key"}, {"client_ca", "ca.crt"}} {
		if n := get(tls, file.name); n != nil {
			f.v.add(tlsName, fmt.Sprintf("--from-file=%s=%s", file.key, quote(n.Value)))
		}
	}
	if allow := get(tls, "allow"); allow != nil {
		for _, n := range allow.Content {
			f.v.TLS.Allow = append(f.v.TLS.Allow, n.Value)
		}
	}
}

// tenants moves the directory of tenants into a Secret.
func (f *from) tenants() {
	if dir := remove(&f.v.Config, "tenants_dir"); dir != nil {
		f.v.Tenants = &Existing{tenantsName}
		f.v.add(tenantsName, "--from-file="+quote(strings.TrimSuffix(dir.Value, "/")+"/"))
	}
}

// redis gives the pods REDIS_URL where heald.yaml relies on it.
func (f *from) redis() {
	redis := get(get(&f.v.Config, "state"), "redis")
	if redis == nil || get(redis, "url") != nil {
		return
	}
	e := EnvVar{Name: "REDIS_URL"}
	e.ValueFrom.SecretKeyRef.Name = secretName
	e.ValueFrom.SecretKeyRef.Key = path.Base(f.secret(e.Name, ""))
	f.v.ExtraEnv = append(f.v.ExtraEnv, e)
}

// paths notes what needs more than values can say.
func (f *from) paths(o Options) {
	record := get(&f.v.Config, "record")
	for _, key := range []string{"file", "store"} {
		if n := get(record, key); n != nil {
			f.v.notes = append(f.v.notes, fmt.Sprintf("record.%s is %s, and containers write nowhere by themselves: mount a volume there (extraVolumes, extraVolumeMounts).", key, oneLine(n.Value)))
		}
	}
	if o.Envoy {
		return
	}
	via := get(&f.v.Config, "resume_via")
	resumes := slices.ContainsFunc(pairs(get(&f.v.Config, "policies")), func(p *yaml.Node) bool {
		r := get(p, "resume")
		return r != nil && r.Value == "text"
	})
	if via != nil && strings.HasPrefix(via.Value, "unix:") || via == nil && resumes {
		f.v.notes = append(f.v.notes, "the listener of resume_via is in Envoy's pod, where no socket of heald's pod leads: set resume_via: http://HOST:PORT.")
	}
}

// oneLine keeps a text of heald.yaml within its comment.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// get is the value of a key of a mapping, nil if there is none.
func get(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// pairs are the values of a mapping.
func pairs(n *yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	for i := 1; n != nil && n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		out = append(out, n.Content[i])
	}
	return out
}

// remove takes a key out of a mapping and returns its value.
func remove(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			value := n.Content[i+1]
			n.Content = slices.Delete(n.Content, i, i+2)
			return value
		}
	}
	return nil
}
