package heal

import (
	"regexp"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// A request can name what the account may not read: a file of another one, a
// bucket, cached content. The refusal looks like one of the account, but it is
// the request's own: it would come with any account, and other requests get
// their answers.

// accountReasons begin the reasons of ErrorInfo that speak of the credential or
// its project, whatever was asked for (google/api/error_reason.proto).
var accountReasons = []string{
	"API_KEY_", "ACCESS_TOKEN_", "ACCOUNT_", "CONSUMER_", "CREDENTIALS_",
	"SERVICE_DISABLED", "BILLING_DISABLED", "USER_PROJECT_DENIED", "USER_BLOCKED_BY_ADMIN",
}

// accountReason reports an error whose structured reason speaks of the account.
func accountReason(s *Seen) bool {
	if s.Error == nil {
		return false
	}
	for _, r := range accountReasons {
		if strings.HasPrefix(s.Error.Reason, r) {
			return true
		}
	}
	return false
}

// unreadable reports a refusal that may be about what a request names.
func unreadable(s *Seen) bool {
	return s.Status == 403 || s.Status == 404 || s.Status == 400 && named("FAILED_PRECONDITION")(s)
}

// requestsOwn reports a failure from which nothing follows for other requests:
// one of something that the request names, or one that was found in the midst
// of other words, which may be the client's.
func (s *Seen) requestsOwn() bool {
	return s.Error != nil && s.Error.Embedded || s.Names && unreadable(s) && !accountReason(s)
}

// ofResource finds what a request can name in a refusal. The whole text counts:
// no more than this request's retry depends on it.
var ofResource = regexp.MustCompile(`(?i)\bfiles?\b|cached.?content|\bgs://|https?://|\bbuckets?\b|\bobjects?\b|\bstorage\.|stores?\b|\bcorp(?:us|ora)\b|\buris?\b|\burls?\b|\bvideos?\b|\bdocuments?\b`)

// resourceRefused reports a refusal of something that the request names.
func resourceRefused(s *Seen) bool {
	return s.Names && unreadable(s) && !accountReason(s) && ofResource.MatchString(s.text())
}

// resource tells the client what upstream said of its file.
func resource(s *Seen, out *Ruling) {
	out.Client.NoRetry = true
	switch s.Status {
	case 403:
		out.Client.Kind = conversation.ErrPermission
	case 404:
		out.Client.Kind = conversation.ErrNotFound
	}
}
