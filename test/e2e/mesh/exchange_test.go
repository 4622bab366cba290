package mesh

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func somewhere() places {
	return places{admin: "127.0.0.1:1", inner: "127.0.0.1:2", ca: "/ca.pem", replicas: []string{"127.0.0.1:3", "127.0.0.1:4"},
		providers: map[string]string{Providers[0]: "127.0.0.1:5", Providers[1]: "127.0.0.1:6"}}
}

func (f Form) golden(t *testing.T) *dump {
	t.Helper()
	text, err := goldens.ReadFile("testdata/" + f.Name + "/config_dump.json")
	if err != nil {
		t.Fatal(err)
	}
	d, err := readDump(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Nothing in what Envoy is started with leads out of this machine, or needs a
// server of the mesh.
func TestStatic(t *testing.T) {
	for _, f := range Forms {
		t.Run(f.Name, func(t *testing.T) {
			text, err := f.static(f.golden(t), somewhere())
			if err != nil {
				t.Fatal(err)
			}
			var config object
			if err := json.Unmarshal(text, &config); err != nil {
				t.Fatal(err)
			}
			ports := map[float64]int{}
			walk(config, func(o object) {
				for key := range o {
					if slices.Contains([]string{"rds", "sds_config", "eds_config", "ads", "api_config_source", "access_log", "tracing"}, key) {
						t.Errorf("there is still %s: %v", key, o[key])
					}
				}
				if s := child(o, "socket_address"); s != nil {
					if a := textOf(s, "address"); a != "127.0.0.1" && a != "inner.localhost" {
						t.Errorf("there is still the address %s", a)
					}
					ports[s["port_value"].(float64)]++
				}
				if n := textOf(o, "name"); strings.HasPrefix(n, "istio.") {
					t.Errorf("there is still the filter %s", n)
				}
			})
			for _, port := range []float64{1, 3, 4, 5, 6} {
				if ports[port] == 0 {
					t.Errorf("nothing leads to port %v: %v", port, ports)
				}
			}
		})
	}
}

// A dump that is not what the form says is refused.
func TestStaticRefuses(t *testing.T) {
	f := Forms[0]
	for want, change := range map[string]func(*Form, *dump, *places){
		"no listener nothing":       func(f *Form, _ *dump, _ *places) { f.Inner = "nothing" },
		"no cluster vertex":         nil,
		"take the place of 10.1.0.": func(f *Form, _ *dump, _ *places) { f.Heald = nil },
		"no route configuration":    func(_ *Form, d *dump, _ *places) { clear(d.routes) },
		"no endpoints":              func(_ *Form, d *dump, _ *places) { clear(d.endpoints) },
	} {
		f, d, at := f, f.golden(t), somewhere()
		if change == nil {
			d.clusters = slices.DeleteFunc(d.clusters, func(c object) bool { return strings.Contains(textOf(c, "name"), Providers[1]) })
			want = "no cluster outbound|443||" + Providers[1]
		} else {
			change(&f, d, &at)
		}
		if _, err := f.static(d, at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
