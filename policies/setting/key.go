package setting

import "github.com/heald-proxy/heald/policies/redact"

// Key is a key that the owner has chosen, such as the name of a policy, as a part
// of Problem.Path. One that looks like a credential is not shown.
func Key(name string) string {
	if redact.Secret(name) {
		return redact.Quote(name)
	}
	return name
}
