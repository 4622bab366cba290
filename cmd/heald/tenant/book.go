package tenant

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
	policy "github.com/heald-proxy/heald/policies/tenant"
)

// Book is where tenants are written down.
type Book struct {
	file string // heald.yaml; "" if there is only the directory
	dir  string // of a file for each tenant; "" if there is none
	// beside is the heald.yaml that reads dir if only dir was named: its tenants
	// count, too. "" is not known.
	beside string
	now    func() time.Time
}

// DefaultFile is where tenants are by default.
const DefaultFile = "heald.yaml"

// Open finds out where tenants are: in dir, if it is named, else in the
// directory that file names or in file itself. "" for file is DefaultFile.
func Open(file, dir string, now func() time.Time) (*Book, error) {
	b := &Book{file: file, dir: dir, now: now}
	switch {
	case file != "" && dir != "":
		return nil, errors.New("give --file or --dir, not both")
	case dir != "":
		_, err := b.load()
		return b, err
	case file == "":
		b.file = DefaultFile
	}
	c, err := b.load()
	if err != nil {
		return nil, err
	}
	b.dir = c.TenantsDir
	return b, nil
}

// Beside says which heald.yaml reads the directory of tenants, so that a new tenant
// is compared with those in it. "" means DefaultFile, if that reads it.
func (b *Book) Beside(file string) error {
	if b.file != "" {
		if file == "" {
			return nil
		}
		return errors.New("give --config with --dir alone")
	}
	c, err := config.Load(cmp.Or(file, DefaultFile))
	switch {
	case err == nil && same(c.TenantsDir, b.dir):
		b.beside = cmp.Or(file, DefaultFile)
	case file == "": // the directory is another file's, or nobody's
	case err != nil:
		return err
	default:
		return &setting.Problem{Path: filepath.Clean(file), Found: "its tenants_dir is not " + redact.Text(b.dir), Consequence: "it would never see the tenant", Fix: "name the heald.yaml that reads the directory, or its directory"}
	}
	return nil
}

// Compared reports whether new tenants are compared with those of heald.yaml.
func (b *Book) Compared() bool { return b.file != "" || b.beside != "" }

// same reports whether two paths lead to one directory.
func same(a, b string) bool {
	one, err := os.Stat(a)
	if a == "" || err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

// all reads all tenants, also those of the heald.yaml beside.
func (b *Book) all() (*config.Config, error) {
	if b.beside == "" {
		return b.load()
	}
	return config.Load(b.beside)
}

// load reads all tenants. A heald.yaml that does not exist has none.
func (b *Book) load() (*config.Config, error) {
	if b.file == "" {
		return config.LoadTenants(b.dir)
	}
	if _, err := os.Stat(b.file); errors.Is(err, fs.ErrNotExist) {
		return &config.Config{}, nil
	}
	return config.Load(b.file)
}

// home is the file of a tenant, and whether the file has only this tenant. ok
// is false if there is no such tenant; then it is the file for a new one.
func (b *Book) home(c *config.Config, name string) (file string, whole, ok bool) {
	for _, t := range c.AllTenants() {
		if t.Name == name {
			if file := t.File(); file != "" {
				return file, true, true
			}
			return b.file, false, true
		}
	}
	if b.dir != "" {
		return config.TenantFile(b.dir, name), true, false
	}
	return b.file, false, false
}

// change changes a tenant, or makes one if create is true. edit changes its
// mapping, and reports whether anything has to be written.
func (b *Book) change(name string, create bool, edit func(t config.Tenant, m mapping) (bool, error)) (file string, err error) {
	if found := policy.CheckName(name); found != "" {
		return "", &setting.Problem{Path: "NAME", Found: found, Fix: policy.NameForm}
	}
	unlock, err := lock(b.file, b.dir)
	if err != nil {
		return "", err
	}
	defer unlock()
	c, err := b.load()
	if err != nil {
		return "", err
	}
	file, whole, exists := b.home(c, name)
	if create && !exists && b.beside != "" {
		all, err := b.all()
		if err != nil {
			return "", err
		}
		if exists = slices.ContainsFunc(all.Tenants, func(t config.Tenant) bool { return t.Name == name }); exists {
			file = b.beside
		}
	}
	switch {
	case create && exists:
		return "", &setting.Problem{Path: file, Found: "there is a tenant " + redact.Quote(name) + " already", Fix: "give it another key with heald tenant rotate " + name + ", or choose another name"}
	case !create && !exists:
		return "", &setting.Problem{Path: file, Found: "there is no tenant " + redact.Quote(name), Fix: "heald tenant list shows who is there; heald tenant add makes one"}
	}
	var t config.Tenant
	if i := slices.IndexFunc(c.AllTenants(), func(t config.Tenant) bool { return t.Name == name }); i >= 0 {
		t = c.AllTenants()[i]
	}
	text, err := read(file)
	if err != nil {
		return "", err
	}
	doc, m, err := find(text, file, name, whole)
	if err != nil {
		return "", err
	}
	changed, err := edit(t, m)
	if err != nil || !changed {
		return file, err
	}
	after, err := encode(text, doc)
	if err != nil {
		return "", err
	}
	return file, replace(file, after, func(written string) error { return b.check(written, after, file, name, whole) })
}

// check finds what heald would say about a change that is written to a
// temporary file.
func (b *Book) check(written string, text []byte, file, name string, whole bool) error {
	if whole {
		c, err := b.all()
		if err != nil {
			return err
		}
		t, err := config.ParseTenant(text, file, name)
		if err != nil {
			return err
		}
		return c.With(t).CheckTenants()
	}
	c, err := config.Load(written)
	if err != nil {
		return err
	}
	return c.CheckTenants()
}

func read(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// encode writes a document. Comments of a file without YAML stay at its
// beginning.
func encode(before []byte, doc *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	if doc.HeadComment == onlyComments {
		doc.HeadComment = ""
		b.Write(bytes.TrimRight(before, "\n"))
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
	}
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	err := errors.Join(enc.Encode(doc), enc.Close())
	return b.Bytes(), err
}

// filed explains an error of the file system.
func filed(file string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return &setting.Problem{Path: filepath.Clean(file), Found: fmt.Sprintf("cannot be changed: %v", err),
		Consequence: "nothing was changed", Fix: "change it where it comes from (a ConfigMap or Secret is mounted read-only), or give this user the right to write there"}
}
