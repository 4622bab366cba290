package prometheus

import (
	"slices"
	"testing"
)

// A recording knows what was there at which scrape, and what was not.
func TestRecording(t *testing.T) {
	var r Recording
	r.Begin()
	r.Add(`job="heald"`, "# TYPE a counter\na 1\nb{x=\"y z\"} 2.5e3\nc NaN\n", true)
	r.Begin()
	r.Add(`job="heald"`, "b{x=\"y z\"} 3\n", true)
	r.Repeat(1)
	r.Begin()
	r.Add(`job="heald"`, "", false)
	all := func(string) bool { return true }
	if got, want := r.inputSeries(all), ""+
		"  - {series: 'a{job=\"heald\"}', values: '1 stale _ _'}\n"+
		"  - {series: 'b{x=\"y z\",job=\"heald\"}', values: '2500 3 3 stale'}\n"+
		"  - {series: 'up{job=\"heald\"}', values: '1 1 1 0'}\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got, want := r.openMetrics(100, 15), ""+
		"a{job=\"heald\"} 1 55\n"+
		"b{x=\"y z\",job=\"heald\"} 2500 55\nb{x=\"y z\",job=\"heald\"} 3 70\nb{x=\"y z\",job=\"heald\"} 3 85\n"+
		"up{job=\"heald\"} 1 55\nup{job=\"heald\"} 1 70\nup{job=\"heald\"} 1 85\nup{job=\"heald\"} 0 100\n# EOF\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// What a recording told raises alerts, and Prometheus answers queries over it.
func TestPrometheus(t *testing.T) {
	var r Recording
	for range 3 {
		r.Begin()
		r.Add(`job="heald",instance="h1"`, "heald_build_info{version=\"1\"} 1\nheald_state_up 0\n", true)
		r.Add(`job="heald",instance="h2"`, "", false)
	}
	r.Repeat(2)
	if got, want := r.Alerts(t), []string{`HealdRedisUnreachable{instance="h1",job="heald"}`, `HealdReplicaDown{instance="h2",job="heald"}`}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	s := Start(t, &r, 60e9)
	got, err := s.Query(`up == 0`)
	if err != nil || len(got) != 1 || got[0].Labels["instance"] != "h2" || got[0].Value != 0 {
		t.Errorf("got %v, %v", got, err)
	}
	values, err := s.LabelValues("up", "instance")
	if err != nil || !slices.Equal(values, []string{"h1", "h2"}) {
		t.Errorf("got %q, %v", values, err)
	}
	if _, err := s.Query(`up ==`); err == nil {
		t.Error("no error for what is no query")
	}
}
