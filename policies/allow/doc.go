// Package allow says what clients may do with the rights of the gateway's
// accounts.
//
// A request can name files, buckets, cached content, data stores and templates.
// The provider looks them up with the rights of the account that serves the
// request, which is the owner's, not the client's. What does not need those
// rights is allowed by default: public addresses, searches, settings of the
// request itself. All else must be listed in a policy; see [Rules].
//
// The renderers of requests (policies/gemini, policies/dialect/native) report
// each resource that would go upstream, whatever the client's API;
// [Rules.Check] decides. [Fields] lists the fields of the upstream's API that
// are reported.
package allow
