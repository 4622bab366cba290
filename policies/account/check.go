package account

import (
	"strings"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// check finds what is wrong with an account; used says that another one has its
// id.
func check(a *Account, path string, used bool) error {
	p := &setting.Problem{Path: path + ".id"}
	const short = "give each account a short name of its own that says nothing, such as main-1"
	switch {
	case a.ID == "":
		p.Found, p.Fix = "is empty", short
	case redact.Secret(a.ID):
		p.Found, p.Consequence, p.Fix = "looks like a credential", "ids are shown in logs and to clients, in x-heald-account", short
	case strings.Contains(a.ID, "@"):
		p.Found, p.Consequence, p.Fix = "looks like an e-mail address", "ids are shown to clients, in x-heald-account", short
	case used:
		p.Found, p.Consequence, p.Fix = redact.Quote(a.ID)+" is used twice", "logs and memory could not tell them apart", short
	case a.Tokens != nil && a.Scheme == APIKey:
		p.Path, p.Found, p.Fix = path+".scheme", "access tokens travel as bearer", "leave scheme out"
	case a.Tokens != nil && !a.Secret.Empty():
		p.Path, p.Found, p.Fix = path+".secret", "the account has a secret and a credential", "leave one of them out"
	case a.Tokens == nil && a.Secret.Empty():
		p.Path, p.Found, p.Fix = path+".secret", "the credential is empty", "check the variable or file it comes from"
	default:
		return nil
	}
	return p
}
