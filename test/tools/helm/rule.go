package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// A Rule says what is wrong with manifests beyond their schemas, one line each.
type Rule func(*release) []string

// rules are those that every rendering must keep.
var rules = map[string]Rule{
	"confined": confined, "limits": limits, "ports": ports, "selectors": selectors, "grace": grace,
	"mounts": mounts, "secrets": secrets, "collector": collector, "door": door,
}

// release is what is installed: objects, the Secrets that the user has, and the
// values that must be nowhere but in a Secret.
type release struct {
	objects  []object
	existing []string
	secret   []string
}

func (r *release) of(kinds ...string) []object {
	var out []object
	for _, o := range r.objects {
		if slices.Contains(kinds, o.kind()) {
			out = append(out, o)
		}
	}
	return out
}

func pod(o object) object { p, _ := asMap(o.at("spec", "template", "spec")); return p }

// containers are all of a pod, those that run before the others included.
func containers(pod object) []object {
	return append(pod.list("initContainers"), pod.list("containers")...)
}

// each calls f for every container and puts the container's name before what it finds.
func (r *release) each(f func(deployment, container object) []string) []string {
	var out []string
	for _, d := range r.of("Deployment") {
		for _, c := range containers(pod(d)) {
			for _, s := range f(d, c) {
				out = append(out, d.name()+"/"+str(c["name"])+": "+s)
			}
		}
	}
	return out
}

// confined: as in the "restricted" level of the Pod Security Standards, and nothing
// is written to the image's files.
func confined(r *release) []string {
	return r.each(func(d, c object) []string {
		var out []string
		for path, want := range map[string]string{
			"runAsNonRoot": "true", "readOnlyRootFilesystem": "true", "allowPrivilegeEscalation": "false",
			"capabilities.drop": "[ALL]", "seccompProfile.type": "RuntimeDefault",
		} {
			if got := str(c.at(append([]string{"securityContext"}, strings.Split(path, ".")...)...)); got != want {
				out = append(out, fmt.Sprintf("securityContext.%s is %q, not %s", path, got, want))
			}
		}
		if number(pod(d).at("securityContext", "runAsUser")) <= 0 {
			out = append(out, "the pod's runAsUser is not above 0")
		}
		return out
	})
}

// limits: memory is bounded, and the scheduler knows what is needed.
func limits(r *release) []string {
	return r.each(func(_, c object) []string {
		var out []string
		for _, path := range []string{"limits.memory", "requests.memory", "requests.cpu"} {
			if str(c.at(append([]string{"resources"}, strings.Split(path, ".")...)...)) == "" {
				out = append(out, "resources."+path+" is missing")
			}
		}
		return out
	})
}

// portsOf is the ports of a pod by name and by number.
func portsOf(pod object) map[string]bool {
	out := map[string]bool{}
	for _, c := range containers(pod) {
		for _, p := range c.list("ports") {
			out[str(p["name"])], out[str(p["containerPort"])] = true, true
		}
	}
	return out
}

// ports: probes, Services and network policies name ports that the pods have.
func ports(r *release) []string {
	out := r.each(func(_, c object) []string {
		own := portsOf(object{"containers": []any{map[string]any(c)}})
		var out []string
		for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
			for _, how := range []string{"httpGet", "tcpSocket"} {
				if port := str(c.at(probe, how, "port")); port != "" && !own[port] {
					out = append(out, fmt.Sprintf("%s asks port %s, which the container does not have", probe, port))
				}
			}
		}
		return out
	})
	for _, o := range r.of("Service", "NetworkPolicy") {
		wanted := map[string]bool{}
		for _, p := range o.list("spec", "ports") {
			wanted[str(p["targetPort"])] = true
		}
		for _, rule := range o.list("spec", "ingress") {
			for _, p := range rule.list("ports") {
				wanted[str(p["port"])] = true
			}
		}
		for _, d := range r.selected(o) {
			have := portsOf(pod(d))
			for p := range wanted {
				if !have[p] {
					out = append(out, fmt.Sprintf("%s: port %s is not one of %s", o.id(), p, d.id()))
				}
			}
		}
	}
	return out
}

// selected is the Deployments whose pods an object selects.
func (r *release) selected(o object) []object {
	var labels object
	for _, path := range [][]string{{"spec", "podSelector", "matchLabels"}, {"spec", "selector", "matchLabels"}, {"spec", "selector"}} {
		if m, ok := asMap(o.at(path...)); ok && labels == nil {
			labels = m
		}
	}
	var out []object
	for _, d := range r.of("Deployment") {
		have, _ := asMap(d.at("spec", "template", "metadata", "labels"))
		fits := len(labels) > 0
		for k, v := range labels {
			fits = fits && str(have[k]) == str(v)
		}
		if fits {
			out = append(out, d)
		}
	}
	return out
}

// selectors: each object selects the pods of exactly one Deployment, monitors select
// one Service, and autoscalers name a Deployment.
func selectors(r *release) []string {
	var out []string
	for _, o := range r.of("Service", "NetworkPolicy", "PodDisruptionBudget", "Deployment") {
		if n := len(r.selected(o)); n != 1 {
			out = append(out, fmt.Sprintf("%s selects the pods of %d Deployments", o.id(), n))
		}
	}
	for _, o := range r.of("HorizontalPodAutoscaler") {
		target := str(o.at("spec", "scaleTargetRef", "name"))
		if !slices.ContainsFunc(r.of("Deployment"), func(d object) bool { return d.name() == target }) {
			out = append(out, fmt.Sprintf("%s scales %s, which is no Deployment", o.id(), target))
		}
	}
	for _, o := range r.of("ServiceMonitor") {
		want, _ := asMap(o.at("spec", "selector", "matchLabels"))
		n := 0
		for _, s := range r.of("Service") {
			have, _ := asMap(s.at("metadata", "labels"))
			fits := len(want) > 0
			for k, v := range want {
				fits = fits && str(have[k]) == str(v)
			}
			if fits {
				n++
			}
		}
		if n != 1 {
			out = append(out, fmt.Sprintf("%s selects %d Services", o.id(), n))
		}
	}
	return out
}

// grace: Kubernetes kills no heald before its --drain is over.
func grace(r *release) []string {
	return r.each(func(d, c object) []string {
		args, _ := c["args"].([]any)
		for _, a := range args {
			text, ok := strings.CutPrefix(str(a), "--drain=")
			if !ok {
				continue
			}
			drain, err := time.ParseDuration(text)
			if err != nil {
				return []string{err.Error()}
			}
			stop := max(number(c.at("lifecycle", "preStop", "sleep", "seconds")), 0)
			if given := number(pod(d)["terminationGracePeriodSeconds"]); given < stop+int(drain.Seconds())+5 {
				return []string{fmt.Sprintf("terminationGracePeriodSeconds is %d, with --drain %s after %d s", given, drain, stop)}
			}
		}
		return nil
	})
}

// mounts: what is mounted exists, and whole: the kubelet never renews a subPath.
func mounts(r *release) []string {
	out := r.each(func(d, c object) []string {
		var out []string
		for _, m := range c.list("volumeMounts") {
			if !slices.ContainsFunc(pod(d).list("volumes"), func(v object) bool { return v["name"] == m["name"] }) {
				out = append(out, fmt.Sprintf("volume %s does not exist", m["name"]))
			}
			if m["subPath"] != nil {
				out = append(out, fmt.Sprintf("volume %s is mounted by subPath, so changes do not arrive", m["name"]))
			}
		}
		return out
	})
	have := func(kind, name string) bool {
		return kind == "Secret" && slices.Contains(r.existing, name) ||
			slices.ContainsFunc(r.of(kind), func(o object) bool { return o.name() == name })
	}
	for _, d := range r.of("Deployment") {
		for _, v := range pod(d).list("volumes") {
			names := []string{str(v.at("secret", "secretName"))}
			for _, s := range v.list("projected", "sources") {
				names = append(names, str(s.at("secret", "name")))
			}
			for _, name := range names {
				if name != "" && !have("Secret", name) {
					out = append(out, fmt.Sprintf("%s: there is no Secret %s", d.id(), name))
				}
			}
			if name := str(v.at("configMap", "name")); name != "" && !have("ConfigMap", name) {
				out = append(out, fmt.Sprintf("%s: there is no ConfigMap %s", d.id(), name))
			}
		}
	}
	return out
}

// secrets: no credential is where more people may read it than a Secret.
func secrets(r *release) []string {
	var out []string
	for _, o := range r.objects {
		if o.kind() == "Secret" {
			continue
		}
		text, err := yaml.Marshal(map[string]any(o))
		if err != nil {
			return []string{err.Error()}
		}
		for i, s := range r.secret {
			if strings.Contains(string(text), s) {
				out = append(out, fmt.Sprintf("%s holds the secret value number %d", o.id(), i+1))
			}
		}
	}
	return out
}

// units of quantities, as the tests' values use them.
var units = map[string]float64{"Mi": 1 << 20, "Gi": 1 << 30}

// collector: Go's and Envoy's own limits are below the container's, so that they
// act before the kernel kills.
func collector(r *release) []string {
	return r.each(func(d, c object) []string {
		text := str(c.at("resources", "limits", "memory"))
		n, err := strconv.ParseFloat(strings.TrimRight(text, "MGi"), 64)
		unit, ok := units[strings.TrimLeft(text, "0123456789.")]
		if err != nil || !ok {
			return []string{fmt.Sprintf("the memory limit %q is not in Mi or Gi", text)}
		}
		own, found := 0, ""
		for _, e := range c.list("env") {
			if str(e["name"]) == "GOMEMLIMIT" {
				own, found = number(e["value"]), "GOMEMLIMIT"
			}
		}
		if str(c["name"]) == "envoy" {
			for _, i := range containers(pod(d)) {
				args, _ := i["args"].([]any)
				for _, a := range args {
					if v, ok := strings.CutPrefix(str(a), "--heap-limit="); ok {
						own, found = number(v), "--heap-limit"
					}
				}
			}
		}
		share := float64(own) / (n * unit)
		switch name := str(c["name"]); {
		case (name == "heald" || name == "envoy") && found == "":
			return []string{"it has no memory limit of its own"}
		case found != "" && (share < 0.7 || share > 0.95):
			return []string{fmt.Sprintf("%s is %.2f of the memory limit", found, share)}
		}
		return nil
	})
}

// door: a gRPC port that others reach asks for the hop secret or a certificate.
func door(r *release) []string {
	var out []string
	for _, o := range r.of("ConfigMap") {
		text := str(o.at("data", "heald.yaml"))
		if text == "" {
			continue
		}
		var c object
		if err := yaml.Unmarshal([]byte(text), &c); err != nil {
			return []string{err.Error()}
		}
		addresses, _ := c.at("listen", "grpc").([]any)
		open := slices.ContainsFunc(addresses, func(a any) bool { return !strings.HasPrefix(str(a), "127.") })
		if open && c["hop_secret"] == nil && c.at("listen", "tls") == nil {
			out = append(out, o.id()+": whoever reaches the gRPC port gets the accounts' credentials")
		}
		for _, key := range slices.Sorted(maps.Keys(c)) {
			if key == "tenants_dir" || key == "client_keys" || key == "tenants" || key == "auth" {
				open = true
			}
		}
		if !open {
			out = append(out, o.id()+": nobody asks clients of the chart's Envoy for a key")
		}
	}
	return out
}
