package observability

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Row is a titled group of panels.
type Row struct {
	Title  string
	Panels []Panel
}

// Panel shows the answers to its queries.
type Panel struct {
	Title string
	// About says what the panel shows, and what is good or bad.
	About string
	// Kind is Grafana's: "stat", "timeseries", "state-timeline" or "table"; ""
	// is "timeseries".
	Kind string
	// Unit is Grafana's name of it, such as "s", "percentunit" or "bytes".
	Unit string
	// Width is of 24 columns; 0 is 8.
	Width int
	// Stack puts the series on top of each other.
	Stack   bool
	Queries []Query
	// Steps are the values from which it turns from green to yellow and to red;
	// none for no colors.
	Steps []float64
}

// Query is a PromQL expression. [Panel] rows write $here for the matcher of the
// replicas that were chosen.
type Query struct {
	Expr string
	// Legend names its series, with {{labels}}.
	Legend string
}

// Variable is what can be chosen above the panels.
type Variable struct {
	Name, Label string
	// Query is Grafana's label_values(metric, label).
	Query string
}

// Variables are the choices, beside the data source. Their queries name a metric
// that each heald has.
var Variables = []Variable{
	{"instance", "Replica", "label_values(heald_build_info, instance)"},
	{"backend", "Backend", "label_values(heald_attempts_total, backend)"},
	{"tenant", "Tenant", "label_values(heald_requests_total, tenant)"},
}

// here matches the series of the replicas that were chosen.
const here = `instance=~"$instance"`

type object map[string]any

// Dashboard renders grafana.json.
func Dashboard() ([]byte, error) {
	var panels []object
	y := 0
	for _, row := range Rows {
		panels = append(panels, object{"id": len(panels) + 1, "type": "row", "title": row.Title, "collapsed": false,
			"gridPos": object{"x": 0, "y": y, "w": 24, "h": 1}, "panels": []any{}})
		y++
		x, height := 0, 0
		for _, p := range row.Panels {
			if x+p.width() > 24 {
				x, y, height = 0, y+height, 0
			}
			rendered := p.render(len(panels) + 1)
			rendered["gridPos"] = object{"x": x, "y": y, "w": p.width(), "h": p.height()}
			panels = append(panels, rendered)
			x, height = x+p.width(), max(height, p.height())
		}
		y += height
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(object{
		"title": "heald", "uid": "heald", "tags": []string{"heald", "envoy", "llm"},
		"description":   "What heald does to requests, and why. OPERATING.md explains the words.",
		"schemaVersion": 38, "version": 1, "editable": true, "graphTooltip": 1, "refresh": "30s",
		"time": object{"from": "now-3h", "to": "now"}, "timezone": "",
		"templating": object{"list": variables()}, "annotations": object{"list": []any{}},
		"links": []object{{"type": "link", "title": "Operating heald", "icon": "doc", "tooltip": "", "tags": []string{}, "asDropdown": false,
			"targetBlank": true, "includeVars": false, "keepTime": false,
			"url": "https://github.com/heald-proxy/heald/blob/main/OPERATING.md"}},
		"panels": panels,
	})
	return out.Bytes(), err
}

// source is the data source that was chosen.
var source = object{"type": "prometheus", "uid": "${datasource}"}

func variables() []object {
	list := []object{{"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}}
	for _, v := range Variables {
		list = append(list, object{"name": v.Name, "label": v.Label, "type": "query", "datasource": source,
			"query": object{"query": v.Query, "refId": v.Name}, "definition": v.Query, "refresh": 2, "sort": 1,
			"multi": true, "includeAll": true, "allValue": ".*",
			"current": object{"text": []string{"All"}, "value": []string{"$__all"}}})
	}
	return list
}

func (p Panel) kind() string {
	if p.Kind == "" {
		return "timeseries"
	}
	return p.Kind
}

func (p Panel) width() int {
	if p.Width == 0 {
		return 8
	}
	return p.Width
}

func (p Panel) height() int {
	if p.Kind == "stat" {
		return 4
	}
	return 8
}

func (p Panel) render(id int) object {
	defaults := object{"unit": p.Unit, "min": 0, "custom": p.custom()}
	if len(p.Steps) > 0 {
		steps := []object{{"color": "green", "value": nil}}
		for i, v := range p.Steps {
			steps = append(steps, object{"color": []string{"yellow", "red"}[min(i, 1)], "value": v})
		}
		defaults["thresholds"] = object{"mode": "absolute", "steps": steps}
		defaults["color"] = object{"mode": "thresholds"}
	}
	var targets []object
	for i, q := range p.Queries {
		targets = append(targets, object{"refId": string(rune('A' + i)), "datasource": source, "editorMode": "code",
			"expr": q.Expression(), "legendFormat": q.Legend, "instant": p.Kind == "stat" || p.Kind == "table", "range": p.kind() == "timeseries" || p.Kind == "state-timeline",
			"format": map[bool]string{true: "table", false: "time_series"}[p.Kind == "table"]})
	}
	return object{"id": id, "type": p.kind(), "title": p.Title, "description": p.About, "datasource": source,
		"fieldConfig": object{"defaults": defaults, "overrides": []any{}}, "options": p.options(), "targets": targets}
}

// custom is how series are drawn.
func (p Panel) custom() object {
	switch p.kind() {
	case "timeseries":
		c := object{"lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "spanNulls": false}
		if p.Stack {
			c["fillOpacity"], c["stacking"] = 60, object{"mode": "normal", "group": "A"}
		}
		return c
	case "state-timeline":
		return object{"lineWidth": 0, "fillOpacity": 80}
	case "table":
		return object{"align": "auto", "inspect": false}
	}
	return object{}
}

func (p Panel) options() object {
	switch p.Kind {
	case "stat":
		return object{"reduceOptions": object{"calcs": []string{"lastNotNull"}}, "colorMode": "value", "graphMode": "none", "textMode": "auto",
			"justifyMode": "auto", "orientation": "auto", "wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard"}
	case "table":
		return object{"showHeader": true, "frameIndex": 0}
	case "state-timeline":
		return object{"showValue": "never", "mergeValues": true, "rowHeight": 0.9, "tooltip": object{"mode": "single", "sort": "none"},
			"legend": object{"showLegend": true, "displayMode": "list", "placement": "bottom", "calcs": []string{}}}
	}
	return object{"tooltip": object{"mode": "multi", "sort": "desc"},
		"legend": object{"showLegend": true, "displayMode": "table", "placement": "bottom", "calcs": []string{"mean", "max"}}}
}

// Expression is the query as Grafana gets it.
func (q Query) Expression() string { return strings.ReplaceAll(q.Expr, "$here", here) }
