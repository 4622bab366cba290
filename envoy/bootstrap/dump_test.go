package bootstrap

import (
	"os"
	"testing"
)

func TestGoodDumps(t *testing.T) {
	for _, c := range goodDumps {
		t.Run(c.name, func(t *testing.T) {
			file, err := os.ReadFile(c.file())
			if err != nil {
				t.Fatal(err)
			}
			dumps, err := ParseDump(file)
			if err != nil || len(dumps) == 0 {
				t.Fatalf("%d dumps: %v", len(dumps), err)
			}
			for _, d := range dumps {
				for _, p := range d.Check(c.want) {
					if p.Note {
						t.Log(p)
					} else {
						t.Error(p)
					}
				}
			}
		})
	}
}

type goodDump struct {
	name string
	want Want
}

func (g goodDump) file() string { return "testdata/dump/" + g.name + ".yaml" }

var goodDumps = []goodDump{
	{"istio-gateway", Want{Backends: []string{"vertex", "ai-studio"}, RouteAuthority: true, GRPC: []string{":9000"}}},
	{"gateway-portable", Want{Backends: []string{"vertex", "ai-studio"}, RouteAuthority: true, GRPC: []string{":9000"},
		StoreMemory: true, OwnWait: true, Hop: "s3cret-of-the-hop", Reserved: []int{502, 503, 504, 507}}},
}
