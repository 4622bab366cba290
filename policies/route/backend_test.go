package route

import (
	"reflect"
	"strings"
	"testing"
)

// written is a backend in the form that ParseBackend reads.
func written(b Backend) string {
	out := b.Name + "=" + string(b.Kind) + "," + b.URL
	for _, f := range []struct{ key, value string }{
		{"project", b.Project}, {"location", b.Location}, {"version", b.Version}, {"cluster", b.Cluster}, {"models", strings.Join(b.Models, "|")},
	} {
		if f.value != "" {
			out += "," + f.key + "=" + f.value
		}
	}
	return out
}

// A route's list of backends comes from a header: what is taken is valid, and
// says the same when it is written back; what is not names the backend.
func FuzzParseBackends(f *testing.F) {
	f.Add("a=ai_studio,")
	f.Add("a=ai_studio,http://127.0.0.1:1;b=vertex,,project=p,location=eu;")
	f.Add("c=vertex,https://x.example,project=x.example:p,version=v1beta1,cluster=outbound|443||x.example,models=m-1|m-2")
	f.Add("a=ai_studio,models=m")
	f.Add("a=,;=b;a")
	f.Add("0")
	f.Add("a=ai_studio,http://h,cluster= ,version=\t")
	f.Fuzz(func(t *testing.T, list string) {
		got, err := ParseBackends(list)
		if err != nil {
			if !strings.Contains(err.Error(), "backend") {
				t.Errorf("%q: the error names no backend: %v", list, err)
			}
			return
		}
		var again []string
		for _, b := range got {
			if err := b.Validate("x"); err != nil {
				t.Errorf("%q: taken, but %v", list, err)
			}
			if b.Authority() == "" || b.Version == "" || b.Cluster == "" {
				t.Errorf("%q: incomplete: %+v", list, b)
			}
			again = append(again, written(b))
		}
		same, err := ParseBackends(strings.Join(again, ";"))
		if err != nil || !reflect.DeepEqual(got, same) {
			t.Errorf("%q\nis     %+v\nor     %+v\nas     %q: %v", list, got, same, again, err)
		}
	})
}
