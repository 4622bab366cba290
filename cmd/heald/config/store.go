package config

import (
	"cmp"
	"context"
	"fmt"

	"github.com/heald-proxy/heald/policies/record/history/sqlite"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/tenant"
)

// validateStore finds invalid settings of the store of requests and of bodies.
func (r *Record) validateStore() []error {
	var errs []error
	bad := func(at, found, consequence, fix string) {
		errs = append(errs, &setting.Problem{Path: "record." + at, Found: found, Consequence: consequence, Fix: fix})
	}
	if _, ok := sqlite.ParsePath(r.Store); r.Store != "" && !ok {
		bad("store", redact.Quote(r.Store)+" names no store", "", "write sqlite: and the path of a file, as in sqlite:/var/lib/heald/history.db")
	}
	if r.StoreKeep != 0 && r.StoreKeep < leastStoreKeep {
		bad("store_keep", r.StoreKeep.String()+" is too short", "", "write 1m or more, or leave record.store out")
	}
	if r.StoreMaxSize != 0 && r.StoreMaxSize < leastStoreSize {
		bad("store_max_size", fmt.Sprintf("%d bytes are too few", r.StoreMaxSize), "a few thousand requests would fill it", "write 16MiB or more")
	}
	switch r.Bodies {
	case "", BodiesOff:
	case BodiesFailed, BodiesAll:
		if r.Store == "" {
			bad("bodies", r.Bodies+", and there is no store", "bodies are kept nowhere else", "set record.store: sqlite:PATH, or leave the line out")
		}
	default:
		bad("bodies", redact.Quote(r.Bodies)+" is none of off, failed and all", "", "write one of them")
	}
	if r.BodyMax < 0 || r.BodyMax > mostBody {
		bad("body_max", fmt.Sprintf("%d bytes are more than are kept of a body", r.BodyMax), "", "write at most 8MiB")
	}
	if r.BodiesKeep != 0 && r.BodiesKeep < leastStoreKeep {
		bad("bodies_keep", r.BodiesKeep.String()+" is too short", "", "write 1m or more, or leave record.bodies out")
	}
	if keep := r.StoreKeep; keep != 0 && r.BodiesKeep > keep {
		bad("bodies_keep", r.BodiesKeep.String()+" is longer than record.store_keep, "+keep.String(), "bodies go with their requests", "raise record.store_keep, or lower this")
	}
	return errs
}

// storeProblem says that the store cannot be opened.
func storeProblem(path string, err error) *setting.Problem {
	p := &setting.Problem{Path: "record.store", Found: "the file " + shownPath(path) + " " + err.Error(), Consequence: "heald does not start",
		Fix: "name a file in a directory that exists, in which heald may write, on a disk of this machine"}
	if sqlite.IsDamage(err) {
		p.Fix = "move this file away, or name another one"
	}
	return p
}

// NoteDamage finds out whether the store of requests is damaged, as far as its file can
// be looked at within two seconds. heald starts with such a file.
func (r *Record) NoteDamage(ctx context.Context) []*setting.Problem {
	path, ok := sqlite.ParsePath(r.Store)
	if !ok {
		return nil
	}
	err := sqlite.Inspect(ctx, path)
	if err == nil {
		return nil
	}
	return []*setting.Problem{{Note: true, Path: "record.store", Found: "the file " + shownPath(path) + " " + err.Error(),
		Consequence: "requests of the past cannot be found, and new ones may not be stored; no request fails for that", Fix: "move this file away, or name another one"}}
}

// OpenStore opens the store of requests; nil if there is none.
func (r *Record) OpenStore(o sqlite.Options) (*sqlite.File, error) {
	path, ok := sqlite.ParsePath(r.Store)
	if !ok {
		return nil, nil
	}
	o.Path, o.Keep, o.MaxSize, o.BodiesKeep = path, r.StoreKeep, int64(r.StoreMaxSize), r.BodiesKeep
	f, err := sqlite.Open(o)
	if err != nil {
		return nil, storeProblem(path, err)
	}
	return f, nil
}

// KeepsBodies reports whether what clients send and get is kept.
func (r *Record) KeepsBodies() bool { return r.Bodies == BodiesFailed || r.Bodies == BodiesAll }

// noteStore says what it means that bodies are kept, and which settings about it have
// no effect.
func (c *Config) noteStore() []*setting.Problem {
	r := &c.Record
	var out []*setting.Problem
	if r.KeepsBodies() {
		whose := "every request"
		if r.Bodies == BodiesFailed {
			whose = "every request that failed or broke off"
		}
		out = append(out, &setting.Problem{Note: true, Path: "record.bodies",
			Found:       fmt.Sprintf("%s: what clients send and get in %s is written to disk, %v long", r.Bodies, whose, r.BodiesKeep),
			Consequence: "whoever can read " + shownPath(r.Store) + " or may look at the admin listener reads prompts and answers",
			Fix:         "tell the people concerned, exclude tenants with record_bodies: false, and remove the line when it is not needed any more"})
		return out
	}
	for i, t := range c.AllTenants() {
		if t.RecordBodies != nil && *t.RecordBodies {
			out = append(out, &setting.Problem{Note: true, Path: tenant.Field(cmp.Or(t.Place, fmt.Sprintf("tenants[%d]", i)), "record_bodies"),
				Found: "true, and record.bodies is off", Consequence: "no bodies are kept at all: the setting can only exclude a tenant", Fix: "set record.bodies, or leave the line out"})
		}
	}
	return out
}
