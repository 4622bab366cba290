package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

// certificates are the Secrets and the ConfigMap that tls.yaml names: the
// certificate for clients, that of Envoy for heald, and the CA of heald's. egctl
// reads them, so they are real; no golden file holds them, since Envoy gets them
// by SDS.
func certificates(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"llm.example.com"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	encoded := base64.StdEncoding.EncodeToString
	var out []string
	for _, name := range []string{"llm-example-com", "heald-client"} {
		out = append(out, fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: heald}\ntype: kubernetes.io/tls\ndata: {tls.crt: %s, tls.key: %s}\n",
			name, encoded(cert), encoded(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))))
	}
	out = append(out, fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: heald-ca, namespace: heald}\ndata: {ca.crt: %q}\n", cert))
	return strings.Join(out, "---\n")
}
