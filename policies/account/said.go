package account

// longestReason is longer than a structured reason
// (google/rpc/error_details.proto: 63).
const longestReason = 64

// ProviderReason returns a provider's reason for a refusal if it is a constant
// such as SERVICE_DISABLED; else "". It is shown to people, so texts, names and
// credentials are dropped.
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
