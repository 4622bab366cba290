package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/otlp"
	"github.com/heald-proxy/heald/policies/record/file"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/sqlite"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Record says where records of attempts and requests go, beside the log and the
// metrics. Changes here take effect after a restart.
type Record struct {
	// File gets one JSON object per line. Default: none. Each process needs its
	// own file. The field "record" of a line says "attempt" or "request".
	File string `yaml:"file"`
	// MaxSize is the size at which a new file begins; default 100MiB. The old one
	// gets the time appended to its name.
	MaxSize Size `yaml:"max_size"`
	// MaxAge is the age at which a new file begins; default 24h.
	MaxAge time.Duration `yaml:"max_age"`
	// Keep is how many older files are kept; default 30.
	Keep int `yaml:"keep" unit:"files"`
	// OTLP sends spans to an OpenTelemetry collector: one per request and one per
	// attempt below it, in Envoy's trace, if Envoy samples it.
	OTLP *OTLP `yaml:"otlp"`
	// RedisStream appends the records to the stream h1:usage of the store that
	// replicas share, which must be configured; default false. The page of each
	// replica then shows the requests of all of them.
	RedisStream bool `yaml:"redis_stream"`
	// History is how many requests are remembered in memory for the page on the
	// admin listener, up to 100,000, with at most 4 KiB each; default 10000.
	// With RedisStream they are those of all replicas.
	History *int `yaml:"history" zero:"no requests are remembered" unit:"requests"`
	// Store keeps requests with their attempts for days in a file, sqlite:PATH, for
	// heald why, heald requests and the page; default none. It needs a local disk;
	// processes of one machine may share the file.
	Store string `yaml:"store"`
	// StoreKeep is how long a request is kept there; default 168h.
	StoreKeep time.Duration `yaml:"store_keep"`
	// StoreMaxSize is how large the file may become; the oldest requests go first.
	// Default 1GiB. Beside it is a journal of at most about 20 MiB.
	StoreMaxSize Size `yaml:"store_max_size"`
	// Bodies keeps in the store what clients send and get: off (default), failed
	// (of requests that failed or broke off) or all. They hold prompts and answers.
	// It needs record.store; a tenant with record_bodies: false is excluded.
	Bodies string `yaml:"bodies"`
	// BodyMax is how much of a body is kept; default 256KiB.
	BodyMax Size `yaml:"body_max"`
	// BodiesKeep is how long bodies are kept, and never longer than StoreKeep;
	// default 24h.
	BodiesKeep time.Duration `yaml:"bodies_keep"`
}

// What Record.Bodies may be.
const (
	BodiesOff    = "off"
	BodiesFailed = "failed"
	BodiesAll    = "all"
)

// OTLP is an OpenTelemetry collector.
type OTLP struct {
	// Endpoint is its URL, as in http://127.0.0.1:4318, or http://127.0.0.1:4317
	// for gRPC; default OTEL_EXPORTER_OTLP_ENDPOINT. Over HTTP, /v1/traces is added
	// if there is no path.
	Endpoint string `yaml:"endpoint" text:"address" secret:"record.otlp.headers"`
	// Protocol is grpc, http/protobuf or http/json; default
	// OTEL_EXPORTER_OTLP_PROTOCOL, else http/protobuf.
	Protocol string `yaml:"protocol"`
	// Headers are sent along, for example for authentication, beside those of
	// OTEL_EXPORTER_OTLP_HEADERS; a header named here replaces the variable's of
	// that name.
	Headers map[string]Source `yaml:"headers"`
	// Timeout bounds one export; default OTEL_EXPORTER_OTLP_TIMEOUT, else 10s.
	Timeout time.Duration `yaml:"timeout"`
	// CA is a PEM file of the authorities whose certificates are accepted;
	// default OTEL_EXPORTER_OTLP_CERTIFICATE, else the system's.
	CA string `yaml:"ca"`
	// Cert is a PEM file of heald's client certificate, read for each connection;
	// default OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE.
	Cert string `yaml:"cert"`
	// Key is a PEM file of its key; default OTEL_EXPORTER_OTLP_CLIENT_KEY.
	Key string `yaml:"key"`
}

// Defaults of the file of records.
const (
	DefaultRecordSize = 100 << 20
	DefaultRecordAge  = 24 * time.Hour
	DefaultRecordKeep = 30
)

// mostHistory keeps the requests in memory within 400 MB.
const mostHistory = 100_000

// Defaults and bounds of the store of requests.
const (
	DefaultStoreKeep  = 168 * time.Hour
	DefaultStoreSize  = 1 << 30
	DefaultBodyMax    = 256 << 10
	DefaultBodiesKeep = 24 * time.Hour

	leastStoreSize = 16 << 20 // some batches of records always fit into it
	leastStoreKeep = time.Minute
	mostBody       = 8 << 20
)

// leastRecordSize and leastRecordAge prevent too many files.
const (
	leastRecordSize = 64 << 10
	leastRecordAge  = time.Minute
)

func (r *Record) setDefaults() {
	if r.MaxSize == 0 {
		r.MaxSize = DefaultRecordSize
	}
	if r.MaxAge == 0 {
		r.MaxAge = DefaultRecordAge
	}
	if r.Keep == 0 {
		r.Keep = DefaultRecordKeep
	}
	if r.StoreKeep == 0 {
		r.StoreKeep = DefaultStoreKeep
	}
	if r.StoreMaxSize == 0 {
		r.StoreMaxSize = DefaultStoreSize
	}
	if r.Bodies == "" {
		r.Bodies = BodiesOff
	}
	if r.BodyMax == 0 {
		r.BodyMax = DefaultBodyMax
	}
	if r.BodiesKeep == 0 {
		r.BodiesKeep = min(DefaultBodiesKeep, r.StoreKeep)
	}
}

// validate lists every problem. shared says whether there is a store that
// replicas share.
func (r *Record) validate(shared bool) error {
	var errs []error
	bad := func(at, found, consequence, fix string) {
		errs = append(errs, &setting.Problem{Path: "record." + at, Found: found, Consequence: consequence, Fix: fix})
	}
	if r.MaxSize != 0 && r.MaxSize < leastRecordSize {
		bad("max_size", fmt.Sprintf("%d bytes are too few", r.MaxSize), "there would be very many files", "write 64KiB or more")
	}
	if r.MaxAge != 0 && r.MaxAge < leastRecordAge {
		bad("max_age", r.MaxAge.String()+" is too short", "there would be very many files", "write 1m or more")
	}
	if r.Keep < 0 {
		bad("keep", fmt.Sprintf("%d is negative", r.Keep), "", "write how many older files are kept")
	}
	if n := r.Remembered(); n < 0 || n > mostHistory {
		bad("history", fmt.Sprintf("%d is no number of requests to remember", n), "", fmt.Sprintf("write one up to %d; 0 remembers none", mostHistory))
	}
	_, err := r.Traces(os.Getenv)
	errs = append(errs, err)
	if r.RedisStream && !shared {
		bad("redis_stream", "there is no shared store", "the records would go nowhere", "leave the line out, or configure a store that replicas share")
	}
	return errors.Join(append(errs, r.validateStore()...)...)
}

// checkFiles finds out whether the files could be opened, without creating
// them. A reload does not call it, since it opens no file.
func (r *Record) checkFiles() error {
	var errs []error
	if r.File != "" {
		if err := file.Check(r.File); err != nil {
			errs = append(errs, &setting.Problem{Path: "record.file", Found: shownPath(r.File) + " " + err.Error(), Consequence: "heald does not start",
				Fix: "name a file in a directory that exists, in which heald may write"})
		}
	}
	if path, ok := sqlite.ParsePath(r.Store); ok {
		if err := sqlite.Check(path); err != nil {
			errs = append(errs, storeProblem(path, err))
		}
	}
	return errors.Join(errs...)
}

// Remembered is how many requests are remembered in memory.
func (r *Record) Remembered() int {
	if r.History == nil {
		return history.DefaultRequests
	}
	return *r.History
}

// Files are the options of the file of records.
func (r *Record) Files() file.Options {
	return file.Options{Path: r.File, MaxSize: int64(r.MaxSize), MaxAge: r.MaxAge, Keep: r.Keep}
}

// Traces says where spans go, by the file and by the OTEL_* variables; nil for
// nowhere. The error lists every problem.
func (r *Record) Traces(getenv func(string) string) (*otlp.Options, error) {
	if r.OTLP == nil {
		return otlp.Resolve(nil, getenv)
	}
	headers, unread := r.OTLP.ReadHeaders()
	if t := r.OTLP.Timeout; t < 0 {
		unread = errors.Join(unread, &setting.Problem{Path: "record.otlp.timeout", Found: t.String() + " is negative", Fix: "write one as in 10s"})
	}
	o := r.OTLP
	options, err := otlp.Resolve(&otlp.Settings{Endpoint: o.Endpoint, Protocol: o.Protocol, Headers: headers, Timeout: o.Timeout, CA: o.CA, Cert: o.Cert, Key: o.Key}, getenv)
	return options, errors.Join(unread, err)
}

// ReadHeaders resolves the headers. The error lists every fault with its path.
func (o *OTLP) ReadHeaders() (map[string]string, error) {
	var errs []error
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		at := "record.otlp.headers." + redact.Bound(name, 100)
		value, err := o.Headers[name].Read(at)
		errs = append(errs, err, headerSafe(at, value))
		out[name] = value
	}
	return out, errors.Join(errs...)
}
