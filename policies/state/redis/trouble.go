package redis

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/heald-proxy/heald/policies/redact"
)

// troubles are answers and errors that waiting does not fix, with what the
// operator has to do. Redis's answers are known by how they begin.
var troubles = []struct {
	begins     string
	connection bool // every command fails
	means      string
}{
	{"WRONGPASS", true, "Redis refuses the user or the password: look at state.redis.password and state.redis.user"},
	{"NOAUTH", true, "Redis asks for a password: set state.redis.password"},
	{"AUTH", true, "Redis has no password, and heald shows one: leave out state.redis.password"},
	{"NOPERM", false, "Redis does not allow its user what heald needs: look at the user's ACL, or at state.redis.user"},
	{"MOVED", false, "Redis is a cluster: set state.redis.cluster to true"},
	{"CLUSTERDOWN", false, "Redis's cluster is down"},
	{"READONLY", false, "Redis is a replica, which takes no writes: state.redis.url must name the master, or its sentinels"},
	{"MISCONF", false, "Redis takes no writes, since it cannot write to its disk"},
	{"OOM", false, "Redis takes no writes, since its memory is full"},
}

// tlsTrouble is what an error means of a connection whose TLS does not begin.
const tlsTrouble = "TLS to Redis fails: state.redis.url begins with rediss:// for a port with TLS, with redis:// for one without"

// noTLS is what it means that none begins at all: a port without TLS waits for the
// end of what is a line to it.
const noTLS = "no TLS connection to Redis comes about: if its port is one without TLS, state.redis.url begins with redis://"

// longestTrouble bounds Redis's own words, in bytes.
const longestTrouble = 200

// trouble keeps the last of them, until Redis does what it refused. It uses
// hooks, since a call often times out before it sees the error.
type trouble struct {
	tls bool                      // connections have it
	now atomic.Pointer[complaint] // nil is none
}

type complaint struct {
	words  string
	script bool // only scripts are refused: other commands end nothing
}

var _ redis.Hook = (*trouble)(nil)

// Trouble implements state.Remote.
func (s *Store) Trouble() string {
	if c := s.trouble.now.Load(); c != nil {
		return c.words
	}
	return ""
}

// DialHook notes TLS errors.
func (t *trouble) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := next(ctx, network, addr)
		var late net.Error
		switch {
		case err == nil:
		case t.tls && errors.As(err, &late) && late.Timeout():
			t.now.Store(&complaint{words: noTLS})
		default:
			t.note("", err)
		}
		return c, err
	}
}

// ProcessHook notes the result of each command.
func (t *trouble) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		t.note(cmd.Name(), err)
		return err
	}
}

// ProcessPipelineHook notes the result of each command of a pipeline.
func (t *trouble) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		for _, cmd := range cmds {
			t.note(cmd.Name(), cmd.Err())
		}
		return err
	}
}

// note records how a command ended. A timeout proves neither trouble nor
// health.
func (t *trouble) note(command string, err error) {
	script := strings.HasPrefix(command, "eval")
	if err == nil {
		if was := t.now.Load(); was != nil && (script || !was.script) {
			t.now.CompareAndSwap(was, nil)
		}
		return
	}
	means, connection := meaning(err)
	if means == "" || !connection && !script {
		return // of what is not a script, single keys or values may be refused
	}
	t.now.Store(&complaint{words: means + " (" + redact.Bound(redact.Text(err.Error()), longestTrouble) + ")", script: !connection})
}

// meaning is what an error means; "" if it may pass.
func meaning(err error) (means string, connection bool) {
	var record tls.RecordHeaderError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	if errors.As(err, &record) || errors.As(err, &certificate) || errors.As(err, &authority) {
		return tlsTrouble, true
	}
	for _, t := range troubles {
		if redis.HasErrorPrefix(err, t.begins) {
			return t.means, t.connection
		}
	}
	return "", false
}
