package heal

import (
	"regexp"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// A request can name a resource that the account may not read: a file of
// another account, a bucket, cached content. It can use tools whose API is
// disabled, or a server that refuses its token. Such a refusal looks like one
// of the account but belongs to the request: it would come with any account,
// and other requests are answered.

// accountReasons are prefixes of the reasons of ErrorInfo that concern the
// credential or its project, whatever was asked for
// (google/api/error_reason.proto).
var accountReasons = []string{
	"API_KEY_", "ACCESS_TOKEN_", "ACCOUNT_", "CONSUMER_", "CREDENTIALS_",
	"SERVICE_DISABLED", "BILLING_DISABLED", "USER_PROJECT_DENIED", "USER_BLOCKED_BY_ADMIN",
}

// modelServices are the APIs that serve models; locations stand before them.
var modelServices = []string{"generativelanguage.googleapis.com", "aiplatform.googleapis.com"}

// otherService reports an error whose structured reason names another API than
// those of the models: one that a tool uses.
func otherService(s *Seen) bool {
	if s.Error == nil || s.Error.Metadata["service"] == "" {
		return false
	}
	for _, name := range modelServices {
		if strings.HasSuffix(s.Error.Metadata["service"], name) {
			return false
		}
	}
	return true
}

// ofToolServer reports an error inside the error, on a request with tools that
// upstream runs: it may come from a server that the client chose. A second
// request that fails in the same way proves nothing, since the same client can
// send both.
func ofToolServer(s *Seen) bool { return s.Tools && s.Error != nil && s.Error.Relayed }

// accountReason reports an error whose structured reason speaks of the account.
func accountReason(s *Seen) bool {
	if s.Error == nil || otherService(s) || otherProject(s) || ofToolServer(s) {
		return false
	}
	for _, r := range accountReasons {
		if strings.HasPrefix(s.Error.Reason, r) {
			return true
		}
	}
	return false
}

// otherProject reports an error about another project than the backend's, which
// the request names, for example in the name of cached content. A number may be
// that of any project.
func otherProject(s *Seen) bool {
	named, ok := strings.CutPrefix(s.Error.Metadata["consumer"], "projects/")
	return ok && s.Names && s.Project != "" && named != s.Project && strings.Trim(named, "0123456789") != ""
}

// unreadable reports a refusal that may be about what a request names.
func unreadable(s *Seen) bool {
	return s.Status == 403 || s.Status == 404 || s.Status == 400 && named("FAILED_PRECONDITION")(s)
}

// refused reports a refusal that may be that of a tool.
func refused(s *Seen) bool { return s.Status == 401 || s.Status == 402 || unreadable(s) }

// requestsOwn reports a failure that says nothing about other requests: of a
// resource that the request names, of a tool that upstream runs for it, or one
// found within other text, which may be the client's.
func (s *Seen) requestsOwn() bool {
	if s.Error != nil && s.Error.Embedded || ofToolServer(s) || otherService(s) || toolQuota(s) {
		return true
	}
	return (s.Names && unreadable(s) || s.Tools && refused(s)) && !accountReason(s)
}

var (
	// ofResource finds resources that a request can name in a refusal. The whole
	// text is searched, since only this request's retry depends on it.
	ofResource = regexp.MustCompile(`(?i)\bfiles?\b|cached.?content|\bgs://|https?://|\bbuckets?\b|\bobjects?\b|\bstorage\b|stores?\b|` +
		`\bcorp(?:us|ora)\b|\buris?\b|\burls?\b|\blinks?\b|\bvideos?\b|\bimages?\b|\baudio\b|\bmedia\b|\bdocuments?\b|\btemplates?\b|\bon resource\b`)
	// ofModel finds the model that is asked for, or the permission to ask it.
	ofModel  = regexp.MustCompile(`(?i)\bpublisher model\b|\bmodels?/\S+ is not\b|\bpublishers/\w+/models/|\baiplatform\.endpoints\.`)
	anyModel = regexp.MustCompile(`(?i)\bmodels?\b`)
	// help matches a link to Google's documentation.
	help = regexp.MustCompile(`(?i)\bhttps?://(?:[a-z0-9-]+\.)*(?:google\.com|google\.dev|goo\.gle)\b\S*`)
)

// subject is all text that says what an error is about.
func (s *Seen) subject() string {
	if s.Error == nil {
		return ""
	}
	return help.ReplaceAllString(head(s.Error.Message), "") + " " + s.Error.Metadata["permission"] + " " + s.Error.Metadata["resource"]
}

// resourceRefused reports a refusal of something that the request names. Google
// says "Requested entity was not found." of files, never of a model.
func resourceRefused(s *Seen) bool {
	if !s.Names || !unreadable(s) || accountReason(s) {
		return false
	}
	about := s.subject()
	return !ofModel.MatchString(about) &&
		(ofResource.MatchString(about) || s.Status == 404 && s.text() != "" && !anyModel.MatchString(about))
}

// resource gives the client upstream's text about its file.
func resource(s *Seen, out *Verdict) {
	out.Client.NoRetry = true
	switch s.Status {
	case 403:
		out.Client.Kind = conversation.ErrPermission
	case 404:
		out.Client.Kind = conversation.ErrNoResource
	}
}
