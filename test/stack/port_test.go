package stack

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
)

func TestRefused(t *testing.T) {
	address := strings.TrimPrefix(refused(t), "http://")
	if _, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v, want connection refused", err)
	}
	if _, err := net.Listen("tcp", address); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listen: %v, want address in use", err)
	}
}
