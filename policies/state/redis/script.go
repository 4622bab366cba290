package redis

import (
	"context"
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/heald-proxy/heald/policies/state"
)

var (
	//go:embed lua/shared.lua
	sharedLua string
	//go:embed lua/take.lua
	takeLua string
	//go:embed lua/settle.lua
	settleLua string
	//go:embed lua/tenant_take.lua
	tenantTakeLua string
	//go:embed lua/take_both.lua
	takeBothLua string
	//go:embed lua/tenant_settle.lua
	tenantSettleLua string
	//go:embed lua/beat.lua
	beatLua string
	//go:embed lua/restate.lua
	restateLua string
	//go:embed lua/leave.lua
	leaveLua string
	//go:embed lua/tenant_beat.lua
	tenantBeatLua string
	//go:embed lua/tenant_restate.lua
	tenantRestateLua string
	//go:embed lua/change.lua
	changeLua string
	//go:embed lua/count.lua
	countLua string
)

// script is one step at the store. All its keys have one hash tag, so that it
// runs on one node of a cluster; but for take_both, which runs on none.
type script struct{ name, text, sha string }

var (
	takeScript       = newScript("take", takeLua+"local out, take = takePlaces(KEYS, ARGV)\nif take then take() end\nreturn out\n")
	settleScript     = newScript("settle", settleLua)
	tenantTakeScript = newScript("tenant_take", tenantTakeLua+"local out, take = takeTenant(KEYS, ARGV)\nif take then take() end\nreturn out\n")
	// Where all keys are at one server, both are taken in one step; in a cluster
	// two checks say first whether there is room.
	takeBothScript      = newScript("take_both", tenantTakeLua+takeLua+takeBothLua)
	lookScript          = newScript("look", takeLua+"local out = takePlaces(KEYS, ARGV)\nreturn out\n")
	tenantLookScript    = newScript("tenant_look", tenantTakeLua+"local out, room = takeTenant(KEYS, ARGV)\nif room then out[1] = -2 end\nreturn out\n")
	tenantSettleScript  = newScript("tenant_settle", tenantSettleLua)
	beatScript          = newScript("beat", beatLua)
	restateScript       = newScript("restate", restateLua)
	leaveScript         = newScript("leave", leaveLua)
	tenantBeatScript    = newScript("tenant_beat", tenantBeatLua)
	tenantRestateScript = newScript("tenant_restate", tenantRestateLua)
	changeScript        = newScript("change", changeLua)
	countScript         = newScript("count", countLua)
)

// minuteLua tells the scripts how long a request counts, in microseconds.
var minuteLua = fmt.Sprintf("local MINUTE = %d\n", state.Minute.Microseconds())

func newScript(name, text string) *script {
	text = minuteLua + sharedLua + text
	sum := sha1.Sum([]byte(text)) // the name by which Redis knows scripts
	return &script{name: name, text: text, sha: hex.EncodeToString(sum[:])}
}

// once is a command that is never sent twice, not even by the client library: a
// lost answer may have been a success.
type once struct{ *redis.Cmd }

func (once) NoRetry() bool { return true }

// call is a script with its keys and arguments.
type call struct {
	script *script
	keys   []string
	args   []any
	cmd    once
}

// command is the call by the script's hash, or by its text.
func (c *call) command(ctx context.Context, text bool) redis.Cmder {
	head := []any{"evalsha", c.script.sha, len(c.keys)}
	if text {
		head[0], head[1] = "eval", c.script.text
	}
	for _, key := range c.keys {
		head = append(head, key)
	}
	c.cmd = once{redis.NewCmd(ctx, append(head, c.args...)...)}
	return c.cmd
}

// run sends calls in one pipeline. Only scripts that Redis does not know, and
// so has not run, are sent again, as text. Whether each call succeeded says its
// err.
func (s *Store) run(ctx context.Context, calls ...*call) {
	s.send(ctx, calls, false)
	var unknown []*call
	for _, c := range calls {
		if redis.HasErrorPrefix(c.cmd.Err(), "NOSCRIPT") {
			unknown = append(unknown, c)
		}
	}
	if len(unknown) > 0 {
		s.send(ctx, unknown, true)
	}
}

func (s *Store) send(ctx context.Context, calls []*call, text bool) {
	if len(calls) == 1 {
		_ = s.client.Process(ctx, calls[0].command(ctx, text)) // the command keeps its error
		return
	}
	pipe := s.client.Pipeline()
	for _, c := range calls {
		_ = pipe.Process(ctx, c.command(ctx, text))
	}
	_, _ = pipe.Exec(ctx) // each command keeps its error
}

// err is the call's error, with its name.
func (c *call) err() error {
	if err := c.cmd.Err(); err != nil {
		return fmt.Errorf("redis: %s: %w", c.script.name, err)
	}
	return nil
}

var errReply = errors.New("redis: a script has answered something else than it says")

// list is the call's answer.
func (c *call) list() ([]any, error) {
	if err := c.err(); err != nil {
		return nil, err
	}
	all, err := c.cmd.Slice()
	if err != nil || len(all) == 0 {
		return nil, fmt.Errorf("%w: %s", errReply, c.script.name)
	}
	return all, nil
}

// number is an integer of an answer.
func number(v any) int64 {
	n, _ := v.(int64)
	return n
}

// text is a string of an answer.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// tag makes a name fit for a hash tag: without braces, and without the colon that
// divides keys.
var tag = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D", ":", "%3A").Replace
