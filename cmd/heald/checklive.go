package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/policies/redact"
)

const (
	// adminPatience bounds one call of Envoy's admin interface, which is slow to
	// write a large configuration.
	adminPatience = 30 * time.Second
	// adminReply bounds what is read of a reply.
	adminReply = 128 << 20
)

// adminOf is Envoy's admin interface at http://host:port or unix:///path.
type adminOf struct {
	at     string
	client *http.Client
}

func newAdminOf(at string) (*adminOf, error) {
	u, err := url.Parse(at)
	bad := func(why string) error {
		return &usageError{fmt.Errorf("--live: %s: want http://host:port or unix:///path of Envoy's admin interface", why)}
	}
	transport := &http.Transport{}
	switch {
	case err != nil:
		return nil, bad("not a URL")
	case u.User != nil:
		return nil, bad("a login does not belong on a command line")
	case u.Scheme == "unix" && u.Host == "" && u.Path != "":
		path := u.Path
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		}
		u = &url.URL{Scheme: "http", Host: "envoy"}
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, bad(fmt.Sprintf("%q", redact.Text(at)))
	}
	return &adminOf{at: strings.TrimSuffix(u.Scheme+"://"+u.Host+u.Path, "/"), client: &http.Client{Transport: transport, Timeout: adminPatience, CheckRedirect: stay}}, nil
}

func (a *adminOf) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.at+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		var at *url.Error
		if errors.As(err, &at) {
			err = at.Err // without the URL, which is known
		}
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	body, err := io.ReadAll(io.LimitReader(resp.Body, adminReply+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > adminReply:
		return nil, fmt.Errorf("%s: more than %d bytes", path, adminReply)
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s: status %d", path, resp.StatusCode)
	}
	return body, nil
}

// checkLive compares an Envoy that runs with what heald needs.
func checkLive(ctx context.Context, at string, want bootstrap.Want, out io.Writer) ([]bootstrap.Problem, error) {
	admin, err := newAdminOf(at)
	if err != nil {
		return nil, err
	}
	defer admin.client.CloseIdleConnections()
	place := redact.Text(at)
	data, err := admin.get(ctx, "/config_dump?include_eds")
	if err != nil {
		return []bootstrap.Problem{{Path: place, Problem: "Envoy's admin interface cannot be read: " + redact.Text(err.Error()),
			Consequence: "nothing of the running Envoy was checked",
			Fix:         "the address of admin.address in Envoy's file; in a mesh a forwarded port, as in kubectl port-forward POD 15000 (Istio) or 19000 (Envoy Gateway)"}}, nil
	}
	dumps, err := bootstrap.ParseDump(data)
	if err == nil && len(dumps) != 1 {
		err = errors.New("no configuration in /config_dump")
	}
	if err != nil {
		return []bootstrap.Problem{{Path: place, Problem: redact.Text(err.Error()), Consequence: "nothing of the running Envoy was checked", Fix: "the address of an Envoy's admin interface"}}, nil
	}
	problems := serverProblems(ctx, admin, place, out)
	problems = append(problems, withoutSecrets(dumps[0].Check(want))...)
	return append(problems, replicaProblems(ctx, admin, dumps[0].Heald())...), nil
}

// serverProblems prints which Envoy it is, and says if it does not serve.
func serverProblems(ctx context.Context, admin *adminOf, place string, out io.Writer) []bootstrap.Problem {
	var info struct {
		Version string `json:"version"`
		State   string `json:"state"`
	}
	data, err := admin.get(ctx, "/server_info")
	if err == nil {
		err = json.Unmarshal(data, &info)
	}
	if err != nil {
		return []bootstrap.Problem{{Path: place, Note: true, Problem: "/server_info cannot be read: " + redact.Text(err.Error()),
			Consequence: "whether this Envoy serves was not checked", Fix: "the address of an Envoy's admin interface"}}
	}
	if parts := strings.Split(info.Version, "/"); len(parts) > 1 {
		fmt.Fprintf(out, "%s: Envoy %s\n", place, redact.Text(parts[1]))
	}
	if info.State != "LIVE" {
		return []bootstrap.Problem{{Path: place, Problem: "Envoy is " + redact.Text(info.State), Consequence: "it takes no requests", Fix: "wait until it has its configuration, or see its log"}}
	}
	return nil
}

// replicaProblems says whether Envoy takes heald's replicas for healthy.
func replicaProblems(ctx context.Context, admin *adminOf, cluster string) []bootstrap.Problem {
	if cluster == "" {
		return nil // no filter of heald, which is reported
	}
	data, err := admin.get(ctx, "/clusters?format=json")
	if err != nil {
		return nil // older Envoys have only text
	}
	all, healthy, err := replicas(data, cluster)
	path := "cluster " + cluster
	switch {
	case err != nil || all > 0 && healthy == all:
		return nil
	case all == 0:
		return []bootstrap.Problem{{Path: path, Problem: "has no replica of heald", Consequence: "every request ends with an error", Fix: "start heald, or correct the cluster's endpoints"}}
	case healthy == 0:
		return []bootstrap.Problem{{Path: path, Problem: fmt.Sprintf("none of the %d replicas of heald is healthy", all), Consequence: "every request ends with an error",
			Fix: "see the log of heald, and whether it listens where the endpoints lead"}}
	}
	return []bootstrap.Problem{{Path: path, Note: true, Problem: fmt.Sprintf("%d of %d replicas of heald are not healthy", all-healthy, all),
		Consequence: "the others have the load", Fix: "see the log of heald"}}
}

// replicas counts the hosts of a cluster in what /clusters says.
func replicas(data []byte, cluster string) (all, healthy int, err error) {
	var reply struct {
		Clusters []struct {
			Name  string `json:"name"`
			Hosts []struct {
				Health struct {
					FailedCheck bool   `json:"failed_active_health_check"`
					Ejected     bool   `json:"failed_outlier_check"`
					EDS         string `json:"eds_health_status"`
				} `json:"health_status"`
			} `json:"host_statuses"`
		} `json:"cluster_statuses"`
	}
	if err := json.Unmarshal(data, &reply); err != nil {
		return 0, 0, err
	}
	for _, c := range reply.Clusters {
		if c.Name != cluster {
			continue
		}
		for _, h := range c.Hosts {
			all++
			if !h.Health.FailedCheck && !h.Health.Ejected && (h.Health.EDS == "" || h.Health.EDS == "HEALTHY" || h.Health.EDS == "UNKNOWN") {
				healthy++
			}
		}
	}
	return all, healthy, nil
}
