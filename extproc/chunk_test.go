package extproc

import (
	"bytes"
	"testing"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/protobuf/proto"
)

// part is one body reply, its bytes not copied.
type part struct {
	body []byte
	end  bool
}

// wire keeps what a stream sends.
type wire struct {
	extprocv3.ExternalProcessor_ProcessServer
	parts []part
}

func (w *wire) SendMsg(m any) error {
	c := m.(*chunkReply)
	w.parts = append(w.parts, part{c.body, c.end})
	return nil
}

func TestWriteChunks(t *testing.T) {
	for _, c := range []struct {
		name   string
		length int
		end    bool
		want   []int
	}{
		{"nothing", 0, false, nil},
		{"end alone", 0, true, []int{0}},
		{"short", 1, false, []int{1}},
		{"at the limit", chunkLimit, true, []int{chunkLimit}},
		{"one above", chunkLimit + 1, true, []int{chunkLimit, 1}},
		{"twice", 2 * chunkLimit, false, []int{chunkLimit, chunkLimit}},
		{"long", 200_000, true, []int{chunkLimit, chunkLimit, chunkLimit, 14_000}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &wire{}
			s := &stream{grpc: w}
			body := bytes.Repeat([]byte("0123456789"), c.length/10+1)[:c.length]
			if err := s.writeChunks(replyResponseBody, body, c.end, chunkLimit); err != nil {
				t.Fatal(err)
			}
			if len(w.parts) != len(c.want) {
				t.Fatalf("%d parts, want %d", len(w.parts), len(c.want))
			}
			rest := body
			for i, p := range w.parts {
				last := i == len(c.want)-1
				if len(p.body) != c.want[i] || p.end != (c.end && last) {
					t.Errorf("part %d: %d bytes, end %t", i, len(p.body), p.end)
				}
				if len(p.body) > 0 && &p.body[0] != &rest[0] {
					t.Errorf("part %d was copied", i)
				}
				rest = rest[len(p.body):]
			}
		})
	}
}

// chunkMessage is what a chunkReply must be the encoding of.
func chunkMessage(body []byte, end bool) *extprocv3.ProcessingResponse {
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseBody{
		ResponseBody: &extprocv3.BodyResponse{Response: &extprocv3.CommonResponse{
			BodyMutation: &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_StreamedResponse{
				StreamedResponse: &extprocv3.StreamedBodyResponse{Body: body, EndOfStream: end},
			}},
		}},
	}}
}

func FuzzEncodeChunk(f *testing.F) {
	// Lengths around which a length prefix or the kind of buffer changes.
	for _, n := range []int{0, 1, 115, 117, 119, 121, 123, 125, 127, 128, 1000, 1024, 16_370, 16_384, chunkLimit} {
		f.Add(bytes.Repeat([]byte("x"), n), n%2 == 0)
		f.Add(bytes.Repeat([]byte("x"), n), n%2 == 1)
	}
	f.Fuzz(func(t *testing.T, body []byte, end bool) {
		want, err := proto.Marshal(chunkMessage(body, end))
		if err != nil {
			t.Fatal(err)
		}
		data, err := newCodec().Marshal(&chunkReply{replyResponseBody, body, end})
		if err != nil {
			t.Fatal(err)
		}
		defer data.Free()
		if got := data.Materialize(); !bytes.Equal(got, want) {
			t.Errorf("encoded %x, want %x", got, want)
		}
	})
}
