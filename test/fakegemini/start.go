package fakegemini

import "testing"

// Start runs a server on a free loopback port that ends with the test.
func Start(t testing.TB, opts ...Options) *Server {
	t.Helper()
	var o Options
	if len(opts) > 0 {
		o = opts[0]
	}
	s, err := Listen("127.0.0.1:0", o)
	if err != nil {
		t.Fatalf("fakegemini: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("fakegemini: %v", err)
		}
	})
	return s
}
