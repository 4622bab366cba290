package extproc

import (
	"context"
	"encoding/binary"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"

	"github.com/heald-proxy/heald/policies"
)

// transportStream is gRPC's side of a stream. Only here the length of a message
// is known before all of it has been received: until then flow control leaves
// what exceeds the window at Envoy.
type transportStream interface {
	ReadMessageHeader(header []byte) error
	Read(n int) (mem.BufferSlice, error)
}

// discarded is how many bytes of a refused body are read at a time.
const discarded = 64 << 10

// next receives the next message. No message and no error mean that it was a
// body which the attempt has refused.
//
// A stream waits here nearly all the time. gRPC's RecvMsg would wait in a deeper
// call: the stack of each open stream would stay at 16 KiB, where the garbage
// collector shrinks it to 8 KiB now.
func (s *stream) next(in *received) error {
	isBody := s.bodyNext
	s.bodyNext = false
	t := s.transport
	if t == nil || t.ReadMessageHeader(in.header[:]) != nil {
		return s.grpc.RecvMsg(in) // has the same error, in gRPC's words
	}
	n := int(binary.BigEndian.Uint32(in.header[1:]))
	switch most := s.server.cfg.MaxBody + MessageSlack; {
	case in.header[0] != 0:
		return status.Error(codes.Unimplemented, "extproc: the message is compressed")
	case n > most:
		return status.Errorf(codes.ResourceExhausted, "extproc: received message larger than max (%d vs. %d)", n, most)
	case isBody && n > int(s.server.cfg.StreamWindow): // less has arrived already
		if receiver, able := s.attempt.(policies.Receiver); able && s.refused(receiver, n) {
			return s.discard(t, n, in)
		}
	}
	return s.readMessage(n, in)
}

// readMessage reads a message of n bytes.
func (s *stream) readMessage(n int, in *received) error {
	data, err := s.transport.Read(n)
	if err != nil {
		return s.grpc.RecvMsg(in) // as above
	}
	defer data.Free()
	if err := in.decode(data); err != nil {
		return status.Errorf(codes.Internal, "extproc: %v", err)
	}
	return nil
}

// refused reports whether a body of n bytes is refused, and sends the answer if
// so.
func (s *stream) refused(r policies.Receiver, n int) (is bool) {
	s.inTurn(func() {
		if s.state != done {
			s.guard(func() error {
				return s.may(func(ctx context.Context) *policies.Reply { return r.Receive(ctx, n) })
			})
		}
		is = s.state == done
	})
	return is
}

// discard reads a body of n bytes without keeping it; after that Envoy ends the
// stream as usual.
func (s *stream) discard(t transportStream, n int, in *received) error {
	for n > 0 {
		data, err := t.Read(min(n, discarded))
		if err != nil {
			return s.grpc.RecvMsg(in)
		}
		n -= data.Len()
		data.Free()
	}
	return nil
}
