package conversation

import "testing"

func TestPlace(t *testing.T) {
	dots := &FieldNames{Dots: true, Fields: map[string]string{"messages": "input"}}
	for _, c := range []struct {
		place          Place
		brackets, dots string
	}{
		{Place{Root: "messages", Item: 3, Field: "content", Index: 0}, "messages[3].content[0]", "messages.3.content.0"},
		{Place{Root: "messages", Item: 3, Field: "content", Index: -1}, "messages[3].content", "messages.3.content"},
		{Place{Root: "tools", Item: 12, Index: -1}, "tools[12]", "tools.12"},
		{Place{Root: "input", Item: -1, Index: -1}, "input", "input"},
		{Place{}, "messages", "input"},
	} {
		var none *FieldNames
		if got := none.Place(c.place); got != c.brackets {
			t.Errorf("%+v = %q, want %q", c.place, got, c.brackets)
		}
		if got := dots.Place(c.place); got != c.dots {
			t.Errorf("%+v with dots = %q, want %q", c.place, got, c.dots)
		}
	}
}
