package exchange

import "github.com/heald-proxy/heald/policies/account"

// Accounts are those of the configuration, with what is known of them.
func (x *Exchange) Accounts() *account.Accounts { return x.accounts }
