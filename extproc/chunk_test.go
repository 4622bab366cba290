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

func (w *wire) Send(m *extprocv3.ProcessingResponse) error {
	p := m.GetResponseBody().GetResponse().GetBodyMutation().GetStreamedResponse()
	w.parts = append(w.parts, part{p.GetBody(), p.GetEndOfStream()})
	_, err := proto.Marshal(m)
	return err
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
			if err := s.writeChunks(body, c.end); err != nil {
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

// The path of a chunk allocates nothing of its own.
func TestChunkReplyIsReused(t *testing.T) {
	var c chunkReply
	body := []byte("x")
	c.set(body, false)
	if n := testing.AllocsPerRun(100, func() { c.set(body, true) }); n != 0 {
		t.Errorf("%v allocations per chunk", n)
	}
}
