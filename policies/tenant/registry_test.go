package tenant

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func key(id, text string) Key { return Key{ID: id, Hash: HashOf(text)} }

func TestIdentify(t *testing.T) {
	made := Make().Reveal()
	soon := key("old", "key-of-old")
	soon.Expires = now.Add(time.Second)
	gone := key("gone", "key-that-is-gone")
	gone.Expires = now
	r, err := New([]Tenant{
		{Name: "b", Keys: []Key{key("1", made), key("2", "second-key-of-b"), soon, gone}},
		{Name: "a", Keys: []Key{key("1", "key-of-a")}, Weight: 3},
		{Name: "off", Disabled: true, Keys: []Key{key("1", "key-of-off"), {ID: "2", Hash: HashOf("gone-and-off"), Expires: now}}},
		{Name: "nobody"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		shown  []string
		tenant string
		key    string
		kind   Kind
	}{
		{"a key that heald made", []string{made}, "b", "1", 0},
		{"another one of the same tenant", []string{"second-key-of-b"}, "b", "2", 0},
		{"a tenant with a key of the same id", []string{"key-of-a"}, "a", "1", 0},
		{"beside a placeholder", []string{"sk-unused", "key-of-a", "heald"}, "a", "1", 0},
		{"one that expires in a second", []string{"key-of-old"}, "b", "old", 0},
		{"no key", nil, "", "", NoKey},
		{"an unknown key", []string{"key-of-c"}, "", "", UnknownKey},
		{"in other letters", []string{"KEY-OF-A"}, "", "", UnknownKey},
		{"the hash itself", []string{HashOf("key-of-a").String()}, "", "", UnknownKey},
		{"mistyped", []string{made[:len(made)-1]}, "", "", DamagedKey},
		{"complete, but of another gateway", []string{Make().Reveal()}, "", "", UnknownKey},
		{"two callers", []string{"key-of-a", made}, "", "", Ambiguous},
		{"two keys of one caller", []string{"second-key-of-b", made}, "b", "2", 0},
		{"the one that lasts", []string{"key-of-old", "second-key-of-b"}, "b", "2", 0},
		{"the one that lasts, shown first", []string{"second-key-of-b", "key-of-old"}, "b", "2", 0},
		{"beside one that is gone", []string{"key-that-is-gone", "key-of-old"}, "b", "old", 0},
		{"two of one caller, one of another", []string{"second-key-of-b", made, "key-of-a"}, "", "", Ambiguous},
		{"expired", []string{"key-that-is-gone"}, "", "", ExpiredKey},
		{"disabled", []string{"key-of-off"}, "", "", Disabled},
		{"expired and disabled", []string{"gone-and-off"}, "", "", ExpiredKey},
	} {
		caller, denied := r.Identify(c.shown, now)
		switch {
		case c.tenant != "":
			if denied != nil || caller.Tenant == nil || caller.Tenant.Name != c.tenant || caller.KeyID != c.key {
				t.Errorf("%s: got %+v, %v", c.name, caller, denied)
			}
		case denied == nil || denied.Kind != c.kind || caller != (Caller{}):
			t.Errorf("%s: got %+v, %+v, want kind %d", c.name, caller, denied, c.kind)
		}
	}
	if !r.Asks() || len(r.Tenants()) != 4 || r.Tenants()[0].Name != "a" || r.Tenants()[0].Weight != 3 || r.Tenants()[1].Weight != 1 {
		t.Errorf("tenants %+v", r.Tenants())
	}
}

func TestNobodyIsAskedForAKey(t *testing.T) {
	for _, shown := range [][]string{nil, {"heald"}, {"a", "b"}} {
		caller, denied := Open().Identify(shown, now)
		if denied != nil || caller.Tenant.Name != Default || caller.KeyID != "" || caller.Tenant.Want(Estimate{}, now) != nil {
			t.Errorf("%v: %+v, %v", shown, caller, denied)
		}
	}
	if Open().Asks() {
		t.Error("asks for a key")
	}
}

// An empty list is not an open door.
func TestNoTenantsLetNobodyIn(t *testing.T) {
	r, err := New(nil)
	if err != nil || !r.Asks() {
		t.Fatal(r, err)
	}
	if caller, denied := r.Identify(nil, now); denied == nil || caller.Tenant != nil {
		t.Errorf("%+v, %v", caller, denied)
	}
}

func TestRegistriesThatCannotBe(t *testing.T) {
	secret := "AIzaSyA1234567890abcdefghijklmnopqrstuv"
	many := make([]Key, mostKeys+1)
	for i := range many {
		many[i] = key(fmt.Sprint(i), fmt.Sprint("key", i))
	}
	minus := -1
	labels := map[string]string{}
	for i := range mostLabels + 1 {
		labels[fmt.Sprint(i)] = ""
	}
	for _, c := range []struct {
		name    string
		tenants []Tenant
		want    string
	}{
		{"a name twice", []Tenant{{Name: "a"}, {Name: "b"}, {Name: "a"}}, `tenants[2].name: "a" is used twice, first by tenants[0]`},
		{"no name", []Tenant{{}}, "tenants[0].name: is missing"},
		{"a name with a brace", []Tenant{{Name: "a{b}"}}, `"a{b}" is no name of a tenant; write at most 63`},
		{"a name that is a path", []Tenant{{Name: "../a"}}, "no name"},
		{"a hidden name", []Tenant{{Name: ".a"}}, "no name"},
		{"a long name", []Tenant{{Name: strings.Repeat("a", 64)}}, "no name"},
		{"a key for a name", []Tenant{{Name: secret}}, "looks like a credential (not shown)"},
		{"a key of two", []Tenant{{Name: "a", Keys: []Key{key("1", "k")}}, {Name: "b", Keys: []Key{key("7", "k")}}}, "tenants[1].keys[0]: is the same key as tenants[0].keys[0]"},
		{"a key twice", []Tenant{{Name: "a", Keys: []Key{key("1", "k"), key("2", "k")}}}, "tenants[0].keys[1]: is the same key as tenants[0].keys[0]"},
		{"an id twice", []Tenant{{Name: "a", Keys: []Key{key("1", "k"), key("1", "l")}}}, `tenants[0].keys[1].id: "1" is used twice`},
		{"too many keys", []Tenant{{Name: "a", Keys: many}}, "tenants[0].keys: 101 keys are more than 100"},
		{"a model that is none", []Tenant{{Name: "a", Models: []string{"x", " y"}}}, `tenants[0].models[1]: " y" is no name`},
		{"a weight", []Tenant{{Name: "a", Weight: 1001}}, "tenants[0].weight: 1001 is not between 0 and 1000"},
		{"slots", []Tenant{{Name: "a", MaxConcurrency: -1}}, "tenants[0].max_concurrency: -1"},
		{"waiting", []Tenant{{Name: "a", MaxWaiting: &minus}}, "tenants[0].max_waiting: -1"},
		{"a limit", []Tenant{{Name: "a", Limits: Limits{"requests/day": 0}}}, "tenants[0].limits.requests/day: 0 lets nothing pass"},
		{"labels", []Tenant{{Name: "a", Labels: labels}}, "tenants[0].labels: 17 labels"},
		{"a long label", []Tenant{{Name: "a", Labels: map[string]string{"a": strings.Repeat("x", 129)}}}, "tenants[0].labels: a name"},
	} {
		r, err := New(c.tenants)
		if r != nil || err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	_, err := New([]Tenant{{Name: "a", Place: "a.yaml: "}, {Place: "b.yaml: "}})
	if err == nil || !strings.HasPrefix(err.Error(), "b.yaml: name: is missing") {
		t.Errorf("in a file of its own: %v", err)
	}
}

func TestWaiting(t *testing.T) {
	none, three := 0, 3
	for _, c := range []struct {
		tenant Tenant
		want   int
	}{
		{Tenant{}, -1}, {Tenant{MaxConcurrency: 5}, 25}, {Tenant{MaxConcurrency: 5, MaxWaiting: &none}, 0}, {Tenant{MaxWaiting: &three}, 3},
	} {
		if got := c.tenant.Waiting(); got != c.want {
			t.Errorf("%+v: %d, want %d", c.tenant, got, c.want)
		}
	}
}

func BenchmarkIdentify(b *testing.B) {
	var tenants []Tenant
	for i := range 1000 {
		tenants = append(tenants, Tenant{Name: fmt.Sprint("t", i), Keys: []Key{key("1", fmt.Sprint("key", i))}})
	}
	r, err := New(tenants)
	if err != nil {
		b.Fatal(err)
	}
	shown := []string{"key500"}
	b.ReportAllocs()
	for b.Loop() {
		if _, denied := r.Identify(shown, now); denied != nil {
			b.Fatal(denied)
		}
	}
}
