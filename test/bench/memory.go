package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// memory is what a variant uses, in bytes; 0 where it has no such part.
type memory struct {
	EnvoyResident   int `json:"envoy_resident"`
	EnvoyAllocated  int `json:"envoy_allocated"`
	SidecarResident int `json:"sidecar_resident"`
	// SidecarInUse is what heald's heap has in use after a collection, and its stacks.
	SidecarInUse int `json:"sidecar_in_use"`
}

func (m *memory) parts() [4]int {
	return [4]int{m.EnvoyResident, m.EnvoyAllocated, m.SidecarResident, m.SidecarInUse}
}

// memory reads it. What is resident is read first: it is as it was without
// anybody looking.
func (v *variant) memory(ctx context.Context) (m memory, err error) {
	if m.EnvoyResident, err = resident(v.envoy.PID()); err != nil {
		return m, err
	}
	if v.sidecar != nil {
		if m.SidecarResident, err = resident(v.sidecar.pid()); err != nil {
			return m, err
		}
	}
	allocated, err := v.envoy.Memory(ctx)
	if err != nil {
		return m, err
	}
	m.EnvoyAllocated = int(allocated)
	if v.heald {
		m.SidecarInUse, err = inUse(ctx, v.admin)
	}
	return m, err
}

// adminClient talks to heald's admin socket, whatever the host of a URL.
func adminClient(socket string) *http.Client {
	return &http.Client{Timeout: time.Minute, Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
}

// inUse asks heald, on its admin socket, to collect garbage, and returns what
// the heap and the stacks have in use then.
func inUse(ctx context.Context, socket string) (int, error) {
	client := adminClient(socket)
	defer client.CloseIdleConnections()
	if err := get(ctx, client, "/debug/pprof/heap?gc=1", func(r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	}); err != nil {
		return 0, err
	}
	bytes := 0
	err := get(ctx, client, "/metrics", func(r io.Reader) (err error) {
		bytes, err = heapAndStacks(r)
		return err
	})
	return bytes, err
}

func get(ctx context.Context, client *http.Client, path string, read func(io.Reader) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://heald"+path, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // is read to its end
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s of heald: status %d", path, resp.StatusCode)
	}
	return read(resp.Body)
}

// heapAndStacks adds the two of the metrics of Go's runtime, in bytes.
func heapAndStacks(metrics io.Reader) (int, error) {
	sum, found := 0.0, 0
	for lines := bufio.NewScanner(metrics); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if name != "go_memstats_heap_inuse_bytes" && name != "go_memstats_stack_inuse_bytes" {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0, fmt.Errorf("metric %s of heald: %w", name, err)
		}
		sum += v
		found++
	}
	if found != 2 {
		return 0, errors.New("heald's metrics do not tell the size of its heap and stacks")
	}
	return int(sum), nil
}
