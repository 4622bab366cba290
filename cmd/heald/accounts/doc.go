// Package accounts is what `heald accounts` shows: a running heald's word on
// every account, quota group, backend, tenant and queue, and why each is or is
// not usable right now.
//
// A [Report] is what the admin listener answers at GET /accounts. [Client] asks
// for it and words what may be wrong on the way; [WriteTable] lays it out for
// people, at most [Width] characters wide.
//
// A report holds names that are configured, numbers and times. It holds no
// credential: nothing in it can. Names of models may come from clients, and are
// redacted before they leave the process; see [Report.Redacted].
package accounts
