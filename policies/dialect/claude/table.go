package claude

import "strings"

// find returns the row for name, or nil. Tables are short: a scan is as quick
// as a map and keeps them plain data.
func (t *Table) find(name []byte) *Field {
	for i := range t.Fields {
		f := &t.Fields[i]
		if prefix, ok := strings.CutSuffix(f.Name, "*"); ok {
			if strings.HasPrefix(string(name), prefix) {
				return f
			}
		} else if f.Name == string(name) {
			return f
		}
	}
	return nil
}
