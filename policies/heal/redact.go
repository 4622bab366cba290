package heal

import "regexp"

// What upstream says may name who asked: Google quotes suspended keys, and the
// numbers of projects in nearly every 429. Neither is the client's business,
// and no key belongs into a log.

// credentials are Google's API keys and OAuth tokens, wherever they stand, and
// whatever stands where one is announced.
var credentials = regexp.MustCompile(`\bAIza[0-9A-Za-z_-]{10,}|\bya29\.[0-9A-Za-z._-]+|(?i:\bapi[_-]?key:|\bbearer |[?&](?:key|access_token)=)[^\s'"&,;)]{4,}`)

const redacted = "[redacted]"

// redactKeys takes credentials out of a text for the log.
func redactKeys(text string) string { return credentials.ReplaceAllString(text, redacted) }

var (
	links          = regexp.MustCompile(`(?:https?://|\b[a-z0-9-]*\.?googleapis\.com/v\d)[^\s'"<>)\]]*[^\s'"<>)\].,;:]`)
	projects       = regexp.MustCompile(`(?i)\b(projects/)[a-z0-9](?:[a-z0-9.:_-]*[a-z0-9])?`)
	projectNumbers = regexp.MustCompile(`(?i)\b(project(?:[_ ](?:number|id))?[\s:=#'"]*)\d{5,}`)
	serviceAccount = regexp.MustCompile(`(?i)[a-z0-9._-]+@[a-z0-9.-]+\.gserviceaccount\.com`)
)

// redact takes out of a text for the client what only concerns who runs the
// gateway: credentials, projects, and links, which lead to their consoles.
func redact(text string) string {
	text = links.ReplaceAllString(text, "[link]")
	text = redactKeys(text)
	text = serviceAccount.ReplaceAllString(text, redacted)
	text = projects.ReplaceAllString(text, "${1}"+redacted)
	return projectNumbers.ReplaceAllString(text, "${1}"+redacted)
}
