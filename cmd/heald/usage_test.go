package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const usageLines = `{"v":1,"record":"attempt","time":"2026-11-28T23:00:00Z","tenant":"blue","attempt":1,"account":"s-1","model":"gemini-2.5-pro","verdict":"retry","upstream_status":503,"usage":null,"cost_nano":null,"duration_ms":1}
{"v":1,"record":"attempt","time":"2026-11-29T01:00:00Z","tenant":"blue","attempt":2,"account":"s-2","model":"gemini-2.5-pro","verdict":"pass","usage":{"input":1000,"cached":100,"output":50,"thinking":20},"cost_nano":1637500,"duration_ms":1}
{"v":1,"record":"request","time":"2026-11-28T23:00:00Z","tenant":"blue","model":"gemini-2.5-pro","outcome":"passed","tried":2,"attempts":[{"attempt":2,"account":"s-2","model":"gemini-2.5-pro","verdict":"pass","usage":null,"cost_nano":null,"duration_ms":1}],"usage":null,"cost_nano":null,"duration_ms":1}
{"v":1,"record":"attempt","time":"2026-11-29T02:00:00Z","tenant":"=red","attempt":1,"account":"s-1","model":"secret-model","verdict":"pass","usage":{"input":7,"cached":0,"output":3,"thinking":0},"cost_nano":null,"duration_ms":1}
`

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	good, bad := filepath.Join(dir, "a.jsonl"), filepath.Join(dir, "b.jsonl")
	if err := os.WriteFile(good, []byte(usageLines), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(bad, []byte("{\"v\":1,\"rec\n"+usageLines), 0o600); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(dir, "heald.log")
	if err := os.WriteFile(log, []byte(`{"level":"info","msg":"attempt finished","tenant":"blue"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		out  string // the whole of it
		said string // a part
	}{
		{"table", []string{good}, exitOK, `
TENANT  MODEL           REQUESTS  FAILED  ATTEMPTS  INPUT  CACHED  OUTPUT  THINKING  COST    ESTIMATED  UNPRICED  UNKNOWN
=red    secret-model    0         0       1         7      0       3       0         ?       0          1         0
blue    gemini-2.5-pro  1         0       2         1000   100     50      20        0.0016  0          0         0
TOTAL   -               1         0       3         1007   100     53      20        0.0016  0          1         0
`, ""},
		{"csv of a day", []string{"--csv", good, "--by", "day,tenant", "--since", "2026-11-29"}, exitOK, `
day,tenant,requests,failed,attempts,input,cached,output,thinking,cost,estimated,unpriced,unknown
2026-11-29,'=red,0,0,1,7,0,3,0,,0,1,0
2026-11-29,blue,0,0,1,1000,100,50,20,0.001637500,0,0,0
`, ""},
		{"json until", []string{good, "--json", "--by", "account", "--until=2026-11-29T00:00:00Z"}, exitOK, `
[
  {
    "account": "s-1",
    "attempts": 1,
    "cached": 0,
    "cost_nano": 0,
    "estimated": 0,
    "failed": 0,
    "input": 0,
    "output": 0,
    "requests": 0,
    "thinking": 0,
    "unknown": 0,
    "unpriced": 0
  },
  {
    "account": "s-2",
    "attempts": 0,
    "cached": 0,
    "cost_nano": 0,
    "estimated": 0,
    "failed": 0,
    "input": 0,
    "output": 0,
    "requests": 1,
    "thinking": 0,
    "unknown": 0,
    "unpriced": 0
  }
]
`, ""},
		{"a broken line", []string{bad, good, "--csv", "--by", ""}, exitProblems, `
requests,failed,attempts,input,cached,output,thinking,cost,estimated,unpriced,unknown
2,0,6,2014,200,106,40,0.003275000,0,2,0
`, bad + ":1: unexpected end of JSON input; left out\n1 lines or files could not be read"},
		{"a line of the log", []string{log, "--csv", "--by", ""}, exitProblems, `
requests,failed,attempts,input,cached,output,thinking,cost,estimated,unpriced,unknown
`, log + ":1: no record: those are in the files of record.file, not in the log or in what heald requests prints; left out"},
		{"a missing file", []string{good + "x", "--csv", "--by", ""}, exitProblems, `
requests,failed,attempts,input,cached,output,thinking,cost,estimated,unpriced,unknown
`, good + "x: no such file or directory; left out"},
		{"no file", nil, exitUsage, "\n", "name the files"},
		{"no field", []string{"--by", "person", good}, exitUsage, "\n", `"person" is none of day, tenant, key`},
		{"no time", []string{"--since", "monday", good}, exitUsage, "\n", `--since: "monday" is no time`},
		{"both", []string{"--json", "--csv", good}, exitUsage, "\n", "exclude each other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, said bytes.Buffer
			code := run(context.Background(), append([]string{"usage"}, c.args...), streams{&out, &said})
			if code != c.code || "\n"+out.String() != c.out || !strings.Contains(said.String(), c.said) || c.said == "" && said.Len() > 0 {
				t.Errorf("exit %d\n%s\n%s", code, out.String(), said.String())
			}
		})
	}
}
