package proc

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

const (
	// maxReply bounds what is read from the admin interface.
	maxReply = 8 << 20
	// adminTimeout bounds one call; Envoy answers from its main thread.
	adminTimeout = 5 * time.Second
)

// admin talks to Envoy's admin interface.
type admin struct {
	address string
	client  *http.Client
}

// newAdmin takes the address as Envoy writes it: host:port, or a socket's path.
func newAdmin(address string) *admin {
	dialer := &net.Dialer{}
	network := "tcp"
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, address)
		},
		MaxIdleConns: 2,
	}
	return &admin{address: address, client: &http.Client{Transport: transport, Timeout: adminTimeout}}
}

func (a *admin) close() { a.client.CloseIdleConnections() }

func (a *admin) call(ctx context.Context, method, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://envoy"+path, nil)
	if err != nil {
		return nil, err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("envoy admin: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return nil, fmt.Errorf("envoy admin %s: %w", path, err)
	}
	if len(body) > maxReply {
		return nil, fmt.Errorf("envoy admin %s: more than %d bytes", path, maxReply)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("envoy admin %s: status %d", path, resp.StatusCode)
	}
	return body, nil
}

func (a *admin) ready(ctx context.Context) bool {
	_, err := a.call(ctx, http.MethodGet, "/ready")
	return err == nil
}

// drain makes Envoy end connections with the request that runs on them. The
// listeners stay open: the inner one is still needed for retries.
func (a *admin) drain(ctx context.Context) error {
	_, err := a.call(ctx, http.MethodPost, "/drain_listeners?graceful&skip_exit")
	return err
}

// AdminAddress is where Envoy's admin interface listens.
func (p *Process) AdminAddress() string { return p.admin.address }

// Address returns the address where a listener really listens: host:port, or a
// socket's path.
func (p *Process) Address(ctx context.Context, listener string) (string, error) {
	body, err := p.admin.call(ctx, http.MethodGet, "/listeners?format=json")
	if err != nil {
		return "", err
	}
	return listenerAddress(body, listener)
}

func listenerAddress(body []byte, listener string) (string, error) {
	var reply struct {
		Listeners []struct {
			Name    string `json:"name"`
			Address struct {
				Socket struct {
					Address string `json:"address"`
					Port    int    `json:"port_value"`
				} `json:"socket_address"`
				Pipe struct {
					Path string `json:"path"`
				} `json:"pipe"`
			} `json:"local_address"`
		} `json:"listener_statuses"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return "", fmt.Errorf("envoy admin /listeners: %w", err)
	}
	for _, l := range reply.Listeners {
		switch {
		case l.Name != listener:
		case l.Address.Pipe.Path != "":
			return l.Address.Pipe.Path, nil
		case l.Address.Socket.Port > 0:
			return net.JoinHostPort(l.Address.Socket.Address, strconv.Itoa(l.Address.Socket.Port)), nil
		default:
			return "", fmt.Errorf("listener %q has no address outside of Envoy", listener)
		}
	}
	return "", fmt.Errorf("envoy has no listener %q", listener)
}

// Stats returns the counters and gauges whose names match a regular expression
// in Envoy's (RE2) syntax; "" returns all.
func (p *Process) Stats(ctx context.Context, filter string) (map[string]uint64, error) {
	body, err := p.admin.call(ctx, http.MethodGet, "/stats?type=Counters&filter="+url.QueryEscape(filter))
	if err != nil {
		return nil, err
	}
	gauges, err := p.admin.call(ctx, http.MethodGet, "/stats?type=Gauges&filter="+url.QueryEscape(filter))
	if err != nil {
		return nil, err
	}
	return parseStats(string(body) + string(gauges)), nil
}

// parseStats reads lines such as "server.live: 1"; lines of another form, such
// as text values, are left out.
func parseStats(text string) map[string]uint64 {
	stats := map[string]uint64{}
	for line := range strings.Lines(text) {
		i := strings.LastIndex(line, ": ")
		if i < 0 {
			continue
		}
		if n, err := strconv.ParseUint(strings.TrimSpace(line[i+2:]), 10, 64); err == nil {
			stats[line[:i]] = n
		}
	}
	return stats
}

// Memory returns the bytes that Envoy has allocated now. The statistic
// server.memory_allocated may be five seconds old.
func (p *Process) Memory(ctx context.Context) (uint64, error) {
	body, err := p.admin.call(ctx, http.MethodGet, "/memory")
	if err != nil {
		return 0, err
	}
	return allocated(body)
}

func allocated(body []byte) (uint64, error) {
	var reply struct {
		Allocated string `json:"allocated"` // protobuf writes 64-bit numbers as text
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return 0, fmt.Errorf("envoy admin /memory: %w", err)
	}
	n, err := strconv.ParseUint(reply.Allocated, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("envoy admin /memory: allocated is %q", reply.Allocated)
	}
	return n, nil
}

// ActiveRequests returns how many requests Envoy is working on, over all
// listeners but the admin interface: a request that is at a provider counts
// once for the outer listener and once for the inner one.
func (p *Process) ActiveRequests(ctx context.Context) (uint64, error) {
	stats, err := p.Stats(ctx, `^http\..*\.downstream_rq_active$`)
	if err != nil {
		return 0, err
	}
	var sum uint64
	for name, n := range stats {
		if name != "http.admin.downstream_rq_active" {
			sum += n
		}
	}
	return sum, nil
}
