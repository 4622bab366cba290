package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"

	adminv3 "github.com/envoyproxy/go-control-plane/envoy/admin/v3"
	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	"google.golang.org/protobuf/encoding/protojson"
	_ "istio.io/istio/pkg/config/xds" // registers the types of Envoy's extensions

	"github.com/heald-proxy/heald/test/tools/mesh/configdump"
)

// translation is what egctl makes of manifests.
type translation struct {
	// XDS is a config dump for each Envoy, by the namespace and name of its Gateway.
	XDS map[string]json.RawMessage `json:"xds"`
	// Objects are the objects with their statuses.
	Objects map[string]json.RawMessage `json:"-"`
}

// translate runs egctl over manifests.
func translate(egctl, manifests string) (translation, error) {
	cmd := exec.Command(egctl, "x", "translate", "--from", "gateway-api", "--to", "gateway-api,xds", "--type", "all", "-o", "json", "-f", "-")
	cmd.Stdin = strings.NewReader(manifests)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return translation{}, fmt.Errorf("egctl: %w\n%s", err, errs.Bytes())
	}
	var t translation
	if err := json.Unmarshal(out, &t); err != nil {
		return translation{}, fmt.Errorf("egctl: %w\n%s", err, out)
	}
	return t, json.Unmarshal(out, &t.Objects)
}

// config reads one of the dumps.
func config(dump []byte) (configdump.Config, error) {
	all := &adminv3.ConfigDump{}
	if err := protojson.Unmarshal(dump, all); err != nil {
		return configdump.Config{}, err
	}
	var c configdump.Config
	for _, part := range all.GetConfigs() {
		m, err := part.UnmarshalNew()
		if err != nil {
			return c, err
		}
		switch m := m.(type) {
		case *adminv3.BootstrapConfigDump:
			c.Bootstrap = m.GetBootstrap()
		case *adminv3.ClustersConfigDump:
			for _, x := range m.GetDynamicActiveClusters() {
				v := &clusterv3.Cluster{}
				err = first(err, x.GetCluster().UnmarshalTo(v))
				c.Clusters = append(c.Clusters, v)
			}
		case *adminv3.ListenersConfigDump:
			for _, x := range m.GetDynamicListeners() {
				v := &listenerv3.Listener{}
				err = first(err, x.GetActiveState().GetListener().UnmarshalTo(v))
				c.Listeners = append(c.Listeners, v)
			}
		case *adminv3.RoutesConfigDump:
			for _, x := range m.GetDynamicRouteConfigs() {
				v := &routev3.RouteConfiguration{}
				err = first(err, x.GetRouteConfig().UnmarshalTo(v))
				c.Routes = append(c.Routes, v)
			}
		case *adminv3.EndpointsConfigDump:
			for _, x := range m.GetDynamicEndpointConfigs() {
				v := &endpointv3.ClusterLoadAssignment{}
				err = first(err, x.GetEndpointConfig().UnmarshalTo(v))
				c.Endpoints = append(c.Endpoints, v)
			}
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

func first(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// condition is one of a status, wherever in the status it stands.
type condition struct {
	where                         string
	Type, Status, Reason, Message string
}

// conditions are all conditions of the objects' statuses.
func (t translation) conditions() []condition {
	var all []condition
	for kind, raw := range t.Objects {
		if kind == "xds" {
			continue
		}
		var v any
		if json.Unmarshal(raw, &v) == nil {
			all = append(all, conditionsIn(kind, v)...)
		}
	}
	return all
}

func conditionsIn(where string, v any) (all []condition) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			all = append(all, conditionsIn(where, x)...)
		}
	case map[string]any:
		if meta, ok := v["metadata"].(map[string]any); ok {
			where = fmt.Sprintf("%s %v/%v", where, meta["namespace"], meta["name"])
		}
		for key, x := range v {
			if key != "conditions" {
				all = append(all, conditionsIn(where, x)...)
				continue
			}
			b, err := json.Marshal(x)
			var list []condition
			if err == nil && json.Unmarshal(b, &list) == nil {
				for _, c := range list {
					c.where = where
					all = append(all, c)
				}
			}
		}
	}
	return all
}
