// Package accounts is what `heald accounts` shows: the state of every account,
// quota group, backend, tenant and queue of a running heald, and why each is or
// is not usable right now.
//
// A [Report] is what the admin listener answers at GET /accounts. [Client]
// fetches it and explains what went wrong if it cannot; [WriteTable] lays it
// out for people, at most [Width] characters wide.
//
// A report holds configured names, numbers and times, and no credential. Names
// of models may come from clients, and are redacted before they leave the
// process; see [Report.Redacted].
package accounts
