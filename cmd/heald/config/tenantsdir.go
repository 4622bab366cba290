package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// mostTenantFiles bounds how much is read from a directory that was named by mistake.
const mostTenantFiles = 10_000

// TenantFile is the file of a tenant in the directory.
func TenantFile(dir, name string) string { return filepath.Join(dir, name+".yaml") }

// LoadTenants reads only a directory of tenants.
func LoadTenants(dir string) (*Config, error) {
	c := &Config{TenantsDir: dir}
	return c, c.readTenants()
}

// readTenants reads the directory, whole or not at all.
func (c *Config) readTenants() error {
	if c.TenantsDir == "" {
		return nil
	}
	entries, err := os.ReadDir(c.TenantsDir)
	if err != nil {
		return &setting.Problem{Path: "tenants_dir", Found: "the directory " + shownPath(c.TenantsDir) + " " + fileFault(err), Fix: "name a directory that heald may read"}
	}
	var errs []error
	var all bytes.Buffer
	for _, e := range entries {
		name, isTenant := tenantName(e.Name())
		if !isTenant {
			continue
		}
		if len(c.inFiles) == mostTenantFiles {
			return &setting.Problem{Path: "tenants_dir", Found: fmt.Sprintf("more than %d files are in %s", mostTenantFiles, shownPath(c.TenantsDir)), Fix: "name a directory that holds tenants only"}
		}
		file := filepath.Join(c.TenantsDir, e.Name())
		data, err := readFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, lostLink(file))
			continue
		}
		if err != nil {
			errs = append(errs, &setting.Problem{Path: shownPath(file), Found: "the file " + fileFault(err), Fix: "let heald read it, or remove it"})
			continue
		}
		t, err := ParseTenant(data, file, name)
		errs = append(errs, err)
		c.inFiles = append(c.inFiles, t)
		fmt.Fprintf(&all, "%s %d\n%s", e.Name(), len(data), data)
	}
	c.tenanted = all.Bytes()
	return errors.Join(errs...)
}

// lostLink is a link in the directory that leads nowhere. To ignore it would lock
// out a tenant that is only being moved; so nothing changes until the link is
// fixed, as with every other file that cannot be read. A file that was removed
// after the directory was listed is no problem.
func lostLink(file string) error {
	to, err := os.Readlink(file)
	if err != nil {
		return nil
	}
	return &setting.Problem{Path: shownPath(file), Found: "is a link to " + shownPath(to) + ", which does not exist",
		Consequence: "heald does not start, and until it is fixed no change of any tenant takes effect", Fix: "create what it leads to, or remove the link"}
}

// tenantName is the tenant of a file in the directory. Hidden files are none:
// Kubernetes keeps ..data there, and heald its files while it writes them.
func tenantName(file string) (name string, ok bool) {
	ext := filepath.Ext(file)
	if strings.HasPrefix(file, ".") || ext != ".yaml" && ext != ".yml" {
		return "", false
	}
	return strings.TrimSuffix(file, ext), true
}

// ParseTenant reads a tenant from a file of its own, whose name is name.
func ParseTenant(data []byte, file, name string) (Tenant, error) {
	var t Tenant
	at := shownPath(file) + ": "
	if err := decode(data, shownPath(file), at, &t); err != nil {
		return t, err
	}
	t.Place, t.file = at, file
	if t.Name != "" && t.Name != name {
		return t, &setting.Problem{Path: at + "name", Found: redact.Quote(t.Name) + " is not what the file is called", Fix: "give both the same name, or leave the line out"}
	}
	t.Name = name
	return t, nil
}

// shownPath is a path as errors may show it. It was checked when it was read, so
// only what is surely a credential is left out.
func shownPath(path string) string {
	if looksPasted(path) {
		return "a file of tenants_dir"
	}
	return redact.Bound(path, 200)
}
