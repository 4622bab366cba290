package gemini

import (
	"errors"

	"github.com/heald-proxy/heald/policies/conversation"
)

// openCall is the function call that is being streamed, if any. A call that
// comes whole begins and ends within one frame.
type openCall struct {
	state    callState
	id, name string           // as upstream sent them
	whole    conversation.Raw // the arguments, if they came in one value
	args     partialArgs      // otherwise
	out      []byte           // pieces handed out since release, and the one being made
	from     int              // where the one being made begins in out
}

// release reuses the memory of pieces handed out earlier.
func (o *openCall) release() { o.out, o.from = o.out[:0], 0 }

// goesOn reports whether c continues the open call. Only the first piece
// carries the name in recorded streams.
func (o *openCall) goesOn(c *callPart) bool {
	return (c.name == "" || c.name == o.name) && (c.id == "" || c.id == o.id)
}

func (o *openCall) begin(dst []conversation.Event, c *callPart, name, signature string) []conversation.Event {
	o.move(callOpen)
	o.id, o.name = c.id, c.name
	o.whole, o.args = nil, partialArgs{}
	return append(dst, conversation.Event{
		Kind: conversation.EventCallStart, CallID: c.id, Name: name, Signature: signature,
	})
}

// add takes the arguments of c.
func (o *openCall) add(c *callPart) error {
	if c.args != nil {
		if c.args.Kind() != '{' {
			return errors.New("args is no JSON object")
		}
		args, err := cleanRaw(c.args)
		if err != nil {
			return err
		}
		if !c.more && len(c.pieces) == 0 && o.args.root == nil {
			o.whole = args
			return nil
		}
		if o.out, err = o.args.merge(o.out, args); err != nil {
			return err
		}
	}
	for _, p := range c.pieces {
		var err error
		if o.out, err = o.args.add(o.out, p); err != nil {
			return err
		}
	}
	return nil
}

// flush hands out what add has written.
func (o *openCall) flush(dst []conversation.Event) []conversation.Event {
	if len(o.out) == o.from {
		return dst
	}
	piece := o.out[o.from:len(o.out):len(o.out)]
	o.from = len(o.out)
	return append(dst, conversation.Event{Kind: conversation.EventCallArgs, Args: piece})
}

// end closes the call, if one is open.
func (o *openCall) end(dst []conversation.Event) []conversation.Event {
	if o.state == callNone {
		return dst
	}
	if o.whole != nil {
		dst = append(dst, conversation.Event{Kind: conversation.EventCallArgs, Args: o.whole})
	} else {
		o.out = o.args.close(o.out)
		dst = o.flush(dst)
	}
	o.move(callNone)
	o.whole = nil
	return append(dst, conversation.Event{Kind: conversation.EventCallEnd})
}
