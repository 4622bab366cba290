package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// istioDump is what an Envoy of Istio shows; nothing in it is wrong for
// meshConfig.
const (
	istioDump  = "../../envoy/bootstrap/testdata/dump/istio-gateway.yaml"
	meshConfig = minimal + "policies: {default: {authority: route, attempts: 5, max_wait: 60s, queue_wait: 60s, idle_timeout: 60s}}\n"
)

// playAdmin plays Envoy's admin interface.
func playAdmin(t *testing.T, replies map[string]string) http.Handler {
	t.Helper()
	dump, err := os.ReadFile(istioDump)
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reply, there := replies[r.URL.Path]
		switch {
		case there:
			fmt.Fprint(w, reply)
		case r.URL.RequestURI() == "/config_dump?include_eds":
			_, _ = w.Write(dump) // the test sees what came
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
}

// hosts are the replicas of heald in what /clusters says.
func hosts(health ...string) string {
	var all []string
	for _, h := range health {
		all = append(all, `{"health_status":{`+h+`}}`)
	}
	return `{"cluster_statuses":[{"name":"other"},{"name":"outbound|9000||heald.heald.svc.cluster.local","host_statuses":[` + strings.Join(all, ",") + `]}]}`
}

func TestCheckLive(t *testing.T) {
	t.Setenv("KEY", "k")
	const (
		live   = `{"version":"0abc/1.40.0/Clean/RELEASE/BoringSSL","state":"LIVE"}`
		good   = `"eds_health_status":"HEALTHY"`
		failed = `"failed_outlier_check":true,"eds_health_status":"HEALTHY"`
	)
	for _, c := range []struct {
		name    string
		replies map[string]string
		code    int
		says    string
	}{
		{"good", map[string]string{"/server_info": live, "/clusters": hosts(good, good)}, exitOK, ": Envoy 1.40.0\n"},
		{"one replica is ejected", map[string]string{"/server_info": live, "/clusters": hosts(good, failed)}, exitOK, "1 of 2 replicas of heald are not healthy"},
		{"all are ejected", map[string]string{"/server_info": live, "/clusters": hosts(failed, failed)}, exitProblems, "none of the 2 replicas of heald is healthy"},
		{"none is there", map[string]string{"/server_info": live, "/clusters": hosts()}, exitProblems, "has no replica of heald"},
		{"not live", map[string]string{"/server_info": strings.Replace(live, "LIVE", "PRE_INITIALIZING", 1), "/clusters": hosts(good)}, exitProblems, "Envoy is PRE_INITIALIZING"},
		{"no admin", map[string]string{"/config_dump": "<html>"}, exitProblems, "no configuration in /config_dump"},
		{"another service", map[string]string{"/config_dump": "{}"}, exitProblems, "no configuration in /config_dump"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := httptest.NewServer(playAdmin(t, c.replies))
			defer s.Close()
			code, out, errs := heald(t, "check", "--config", write(t, "heald.yaml", meshConfig), "--live", s.URL)
			if code != c.code || !strings.Contains(out, c.says) {
				t.Errorf("%d\n%s%s", code, out, errs)
			}
		})
	}
}

func TestCheckLiveOnASocket(t *testing.T) {
	t.Setenv("KEY", "k")
	path := filepath.Join(t.TempDir(), "admin.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: playAdmin(t, nil)}
	go func() { _ = s.Serve(l) }() // ends with Close
	defer func() { _ = s.Close() }()
	code, out, errs := heald(t, "check", "--config", write(t, "heald.yaml", meshConfig), "--live", "unix://"+path)
	if code != exitOK || !strings.Contains(out, "/server_info cannot be read") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
}

// An admin interface that is not there is a problem that names the address.
func TestCheckLiveUnreached(t *testing.T) {
	t.Setenv("KEY", "k")
	s := httptest.NewServer(http.NotFoundHandler())
	config := write(t, "heald.yaml", minimal)
	code, out, _ := heald(t, "check", "--config", config, "--live", s.URL)
	if code != exitProblems || !strings.Contains(out, "/config_dump?include_eds: status 404") {
		t.Errorf("%d\n%s", code, out)
	}
	s.Close()
	for _, at := range []string{s.URL, "unix:///no/such/socket"} {
		code, out, _ := heald(t, "check", "--config", config, "--live", at)
		if code != exitProblems || !strings.Contains(out, "problem: "+at+": Envoy's admin interface cannot be read: ") || !strings.Contains(out, "nothing of the running Envoy was checked") {
			t.Errorf("%d\n%s", code, out)
		}
	}
	for _, at := range []string{"127.0.0.1:9901", "ftp://host", "unix://host", "http://user:password-of-the-admin@host", "::"} {
		code, out, errs := heald(t, "check", "--config", config, "--live", at)
		if code != exitUsage || !strings.Contains(errs, "--live") || strings.Contains(out+errs, "password-of-the-admin") {
			t.Errorf("%s: %d\n%s%s", at, code, out, errs)
		}
	}
}

// A dump in a file is told from an Envoy's own file by what is in it.
func TestCheckDump(t *testing.T) {
	t.Setenv("KEY", "k")
	config := write(t, "heald.yaml", meshConfig)
	if code, out, errs := heald(t, "check", "--config", config, "--envoy", istioDump); code != exitOK || !strings.Contains(out, "no problems") {
		t.Errorf("%d\n%s%s", code, out, errs)
	}
	dump, err := os.ReadFile(istioDump)
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(dump), "num_retries: 4", "num_retries: 1", 1)
	code, out, _ := heald(t, "check", "--config", config, "--envoy", write(t, "dump.yaml", broken))
	const want = "problem: route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.retry_policy.num_retries: 1 retries, but heald makes up to 5 attempts\n"
	if code != exitProblems || !strings.Contains(out, want) || !strings.Contains(out, "in Istio: VirtualService retries") {
		t.Errorf("%d\n%s", code, out)
	}
}
