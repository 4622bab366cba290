package conversation

import "testing"

// What the provider looks up can be another's, or be missing.
func TestRead(t *testing.T) {
	for _, c := range []struct {
		in   Resource
		want bool
	}{
		{Resource{Kind: ResourceFile}, true},
		{Resource{Kind: ResourceCache}, true},
		{Resource{Kind: ResourceArmor}, true},
		{Resource{Kind: ResourceTool, Name: "retrieval"}, true},
		{Resource{Kind: ResourceTool, Name: "file_search"}, true},
		{Resource{Kind: ResourceTool, Name: "google_search"}, false},
		{Resource{Kind: ResourceSafety}, false},
		{Resource{Kind: ResourceLabels}, false},
	} {
		if got := c.in.Read(); got != c.want {
			t.Errorf("%+v: %v", c.in, got)
		}
	}
}
