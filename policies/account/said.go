package account

// longestReason is more than a structured reason has (google/rpc/error_details.proto: 63).
const longestReason = 64

// ProviderReason is a provider's own word for a refusal, if it is one of its constants,
// such as SERVICE_DISABLED; else "". It is shown to people: nothing that could
// be a text, a name or a credential goes through.
func ProviderReason(word string) string {
	if len(word) > longestReason {
		return ""
	}
	for _, r := range word {
		if r != '_' && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return ""
		}
	}
	return word
}
