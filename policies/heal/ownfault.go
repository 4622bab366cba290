package heal

import (
	"regexp"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// A request can name what the account may not read: a file of another one, a
// bucket, cached content. It can have tools run for which an API is disabled, or
// a server called that refuses its token. The refusal looks like one of the
// account, but it is the request's own: it would come with any account, and
// other requests get their answers.

// accountReasons begin the reasons of ErrorInfo that speak of the credential or
// its project, whatever was asked for (google/api/error_reason.proto).
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

// ofToolServer reports an error inside the error on a request that has upstream
// run tools: it may be what a server said that the client chose. That is also
// why a second request's failing alike proves nothing: the same client can send
// both.
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
// the request names: in the name of cached content, say. A number may be that of
// any project.
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

// requestsOwn reports a failure from which nothing follows for other requests:
// one of something that the request names or has upstream run, or one that was
// found in the midst of other words, which may be the client's.
func (s *Seen) requestsOwn() bool {
	if s.Error != nil && s.Error.Embedded || ofToolServer(s) || otherService(s) || toolQuota(s) {
		return true
	}
	return (s.Names && unreadable(s) || s.Tools && refused(s)) && !accountReason(s)
}

var (
	// ofResource finds what a request can name in a refusal. The whole text
	// counts: no more than this request's retry depends on it.
	ofResource = regexp.MustCompile(`(?i)\bfiles?\b|cached.?content|\bgs://|https?://|\bbuckets?\b|\bobjects?\b|\bstorage\b|stores?\b|` +
		`\bcorp(?:us|ora)\b|\buris?\b|\burls?\b|\blinks?\b|\bvideos?\b|\bimages?\b|\baudio\b|\bmedia\b|\bdocuments?\b|\btemplates?\b|\bon resource\b`)
	// ofModel finds the model that is asked for, or the permission to ask it.
	ofModel  = regexp.MustCompile(`(?i)\bpublisher model\b|\bmodels?/\S+ is not\b|\bpublishers/\w+/models/|\baiplatform\.endpoints\.`)
	anyModel = regexp.MustCompile(`(?i)\bmodels?\b`)
	// help is a page of Google's to read more.
	help = regexp.MustCompile(`(?i)\bhttps?://(?:[a-z0-9-]+\.)*(?:google\.com|google\.dev|goo\.gle)\b\S*`)
)

// subject is all that says what an error is about.
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

// resource tells the client what upstream said of its file.
func resource(s *Seen, out *Verdict) {
	out.Client.NoRetry = true
	switch s.Status {
	case 403:
		out.Client.Kind = conversation.ErrPermission
	case 404:
		out.Client.Kind = conversation.ErrNoResource
	}
}
