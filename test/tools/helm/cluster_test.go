package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/engine"
	"k8s.io/client-go/rest"
)

// cluster is an API server without nodes.
type cluster struct {
	t    *testing.T
	at   *rest.Config
	http *http.Client
}

// startCluster starts etcd and the API server on loopback.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	bin := os.Getenv("HEALD_KUBERNETES")
	if bin == "" {
		t.Skip("no API server: `make helm-cluster` builds one (eight minutes of processor time) and runs this test")
	}
	dir := t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name string, text []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	token := rand.Text()
	accounts := file("accounts.pem", pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	tokens := file("tokens.csv", []byte(token+",admin,1,system:masters\n"))
	client, peer, api := freePort(t), freePort(t), freePort(t)
	start(t, filepath.Join(bin, "etcd"), "--data-dir", filepath.Join(dir, "etcd"), "--unsafe-no-fsync",
		"--listen-client-urls", "http://"+client, "--advertise-client-urls", "http://"+client,
		"--listen-peer-urls", "http://"+peer, "--initial-advertise-peer-urls", "http://"+peer, "--initial-cluster", "default=http://"+peer)
	_, port, _ := net.SplitHostPort(api)
	start(t, filepath.Join(bin, "apiserver"), "--etcd-servers", "http://"+client, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1",
		"--secure-port", port, "--cert-dir", filepath.Join(dir, "certs"), "--token-auth-file", tokens, "--authorization-mode", "AlwaysAllow",
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", accounts, "--service-account-signing-key-file", accounts,
		"--service-cluster-ip-range", "10.0.0.0/24", "--disable-admission-plugins", "ServiceAccount", "--endpoint-reconciler-type", "none")
	c := &cluster{t: t, at: &rest.Config{Host: "https://" + api, BearerToken: token, TLSClientConfig: rest.TLSClientConfig{Insecure: true}}}
	if c.http, err = rest.HTTPClientFor(c.at); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if status, _ := c.call(http.MethodGet, "/readyz", "", nil); status == http.StatusOK {
			return c
		}
		if time.Now().After(end) {
			t.Fatal("the API server does not become ready")
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs a program until the test ends.
func start(t *testing.T, program string, args ...string) {
	t.Helper()
	var log bytes.Buffer // read once it has ended
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if text := log.String(); t.Failed() {
			t.Logf("%s, the end of its log:\n%s", program, text[max(0, len(text)-3000):])
		}
	})
}

// call returns the status and the body, 0 if there is no answer.
func (c *cluster) call(method, path, contentType string, body any) (int, string) {
	c.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.at.Host+path, bytes.NewReader(data))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("content-type", contentType)
	res, err := c.http.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return res.StatusCode, string(text) + strings.Join(res.Header.Values("warning"), "; ")
}

// paths are those of the kinds that the chart makes.
var paths = map[string]string{
	"ConfigMap": "/api/v1/namespaces/%s/configmaps", "Secret": "/api/v1/namespaces/%s/secrets", "Service": "/api/v1/namespaces/%s/services",
	"ServiceAccount": "/api/v1/namespaces/%s/serviceaccounts", "Deployment": "/apis/apps/v1/namespaces/%s/deployments",
	"NetworkPolicy": "/apis/networking.k8s.io/v1/namespaces/%s/networkpolicies", "PodDisruptionBudget": "/apis/policy/v1/namespaces/%s/poddisruptionbudgets",
	"HorizontalPodAutoscaler": "/apis/autoscaling/v2/namespaces/%s/horizontalpodautoscalers",
}

// namespace makes one whose pods must keep the "restricted" Pod Security Standard.
func (c *cluster) namespace(name string) {
	c.t.Helper()
	labels := map[string]any{"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted"}
	status, text := c.call(http.MethodPost, "/api/v1/namespaces", "application/json", object{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name, "labels": labels}})
	if status != http.StatusCreated {
		c.t.Fatal(status, text)
	}
}

// apply is `kubectl apply --server-side`, and makes one pod of each Deployment, since
// nobody here does.
func (c *cluster) apply(namespace string, o object) {
	c.t.Helper()
	path, ok := paths[o.kind()]
	if !ok {
		return // of Prometheus Operator, whose types another test uses
	}
	path = fmt.Sprintf(path, namespace)
	status, text := c.call(http.MethodPatch, path+"/"+o.name()+"?fieldManager=test&fieldValidation=Strict", "application/apply-patch+yaml", o)
	if status != http.StatusCreated && status != http.StatusOK || strings.Contains(text, "299 ") {
		c.t.Errorf("%s: %s: %d %s", namespace, o.id(), status, text)
	}
	if o.kind() == "Deployment" {
		if status, text := c.pod(namespace, o); status != http.StatusCreated || strings.Contains(text, "299 ") {
			c.t.Errorf("%s: a pod of %s: %d %s", namespace, o.id(), status, text)
		}
	}
}

func (c *cluster) pod(namespace string, deployment object) (int, string) {
	metadata, _ := asMap(deployment.at("spec", "template", "metadata"))
	metadata["name"] = deployment.name()
	return c.call(http.MethodPost, "/api/v1/namespaces/"+namespace+"/pods?fieldValidation=Strict", "application/json",
		object{"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": deployment.at("spec", "template", "spec")})
}

// A real API server takes every rendering, and its Pod Security every pod; upgrades
// keep the secrets that the chart has made.
func TestCluster(t *testing.T) {
	c := startCluster(t)
	for name, values := range cases(t) {
		if strings.HasSuffix(name, ".yaml") {
			name = "kustomize"
		}
		namespace := "heald-" + name
		c.namespace(namespace)
		objects, err := decode(text(t, values, goldenVersion))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			c.apply(namespace, o)
		}
	}
	// It can refuse.
	objects, err := decode(strings.Replace(text(t, cases(t)["default"], goldenVersion), "drop: [ALL]", "add: [NET_ADMIN]", 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.kind() == "Deployment" {
			if status, text := c.pod("heald-default", o); status != http.StatusForbidden {
				t.Errorf("a pod that is not confined: %d %s", status, text)
			}
		}
	}
	c.namespace("heald")
	first := c.secret(false)
	c.apply("heald", first)
	if again := c.secret(true); len(again) == 0 || fmt.Sprint(first["data"]) != fmt.Sprint(again["data"]) {
		t.Errorf("an upgrade has other secrets: %v, before %v", again["data"], first["data"])
	}
}

// secret is the chart's Secret, rendered by an installation that can look at what is
// there.
func (c *cluster) secret(upgrade bool) object {
	c.t.Helper()
	chart := load(c.t)
	values, err := util.ToRenderValues(chart, map[string]any{"geminiApiKey": "k", "envoy": map[string]any{"enabled": true}},
		common.ReleaseOptions{Name: "heald", Namespace: "heald", IsInstall: !upgrade, IsUpgrade: upgrade}, common.DefaultCapabilities)
	if err != nil {
		c.t.Fatal(err)
	}
	texts, err := engine.RenderWithClient(chart, values, c.at)
	if err != nil {
		c.t.Fatal(err)
	}
	objects, err := decode(texts["heald/templates/secret.yaml"])
	if err != nil || len(objects) != 1 {
		c.t.Fatal(len(objects), err)
	}
	return objects[0]
}
