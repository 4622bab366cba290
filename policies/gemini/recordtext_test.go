package gemini

import (
	"strings"
	"testing"
)

// A message keeps the provider's words, and nothing that may be the client's.
func TestWordsForRecords(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"Corrupted thought signature.", "Corrupted thought signature."},
		{"The model's thought signature isn't valid.", "The model's thought signature isn't valid."},
		{"Resource has been exhausted (e.g. check quota).", "Resource has been exhausted (e.g. check quota)."},
		{"CachedContent not found (or permission denied)", "CachedContent not found (or permission denied)"},
		{"The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).", "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576)."},
		{"models/gemini-x is not found", "models/gemini-x is not found"},
		{"contents[1] is empty.", "contents[1] is empty."},
		{"Publisher Model `projects/p/models/x` was not found or your project does not have access to it.", "Publisher Model ... was not found"},
		{"Consumer 'api_key:x' has been suspended.", "Consumer ... has been suspended."},
		{`Unknown name "a" at 'contents[0]': Cannot find field.`, "Unknown name ...: Cannot find field."},
		{"* GenerateContentRequest.contents[0].parts: contents must not be empty", "* GenerateContentRequest.contents[0].parts: contents must not be empty"},
		{"* GenerateContentRequest.tools[0].function_declarations[0].parameters.properties[my secret].type: must be specified", "* ..."},
		{"You exceeded your current quota.\nPlease retry in 9s.", "You exceeded your current quota. ..."},
		{"Enable it at https://console.example/x?project=1 or not.", "Enable it at ... or not."},
		{"Overloaded", "Overloaded"},
		{"Refused house%2Fkey and more", "Refused ..."},
		{`Invalid value at contents[0]… "my secret"`, "Invalid value at contents[0]... ..."},
		{`Invalid value at 'seed' (TYPE_INT32), "my "secret" one", bad`, "Invalid value at ..."},
		{"Never closed: 'my secret", "Never closed ..."},
		{`Cut "a" at "my secret`, "Cut ..."},
		{"Invalid value (my secret) of a part.", "Invalid value ... of a part."},
		{"Invalid value (my secret", "Invalid value ..."},
		{"Blocked - my secret", "Blocked ..."},
		{"Blocked=my secret", "..."},
		{"Bad text:my secret", "Bad ..."},
		{"Bad text: must not be empty: my secret", "Bad text: must not be empty ..."},
		{"Bad part {text my secret}", "Bad part ..."},
		{"Bad part <b>my secret</b>", "Bad part ..."},
		{"Bad part &quot;my secret&quot;", "Bad part ..."},
		{"Bad part %22my%20secret%22", "Bad part ..."},
		{`Bad part \u0022my secret\u0022`, "Bad part ..."},
		{"Bad part\nmy secret", "Bad part ..."},
		{"Bad part (my secret(", "Bad part ..."},
		{"Bad part (my (20) secret) of the request", "Bad part ... of the request"},
	} {
		if got := WordsForRecords(c.in); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

// Names that stand beside the words are kept if they are names by their form.
func TestRecordText(t *testing.T) {
	st := &Status{
		Status: "RESOURCE_EXHAUSTED", Reason: "RATE_LIMIT_EXCEEDED", Message: `Quota exceeded for 'x'`,
		Metadata: map[string]string{"service": "aiplatform.googleapis.com", "permission": "aiplatform.endpoints.predict", "consumer": "projects/1"},
		Quotas:   []Quota{{ID: "GenerateRequestsPerDay-FreeTier", Value: "20"}, {Metric: "generativelanguage.googleapis.com/requests"}, {ID: "a", Value: "my secret"}, {ID: "my secret"}},
		Violations: []FieldViolation{
			{Field: "contents[0].parts[1].text", Description: "my secret"}, {Field: "tools[0].my_secret"}, {Field: "my secret"}, {Field: `labels["my secret"]`},
		},
	}
	const want = "Quota exceeded for ... (RESOURCE_EXHAUSTED; reason RATE_LIMIT_EXCEEDED; service aiplatform.googleapis.com; permission aiplatform.endpoints.predict; " +
		"quota GenerateRequestsPerDay-FreeTier, limit 20; quota generativelanguage.googleapis.com/requests; quota a; field contents[0].parts[1].text)"
	if got := st.RecordText(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, st := range []*Status{{Message: "Bad."}, {Message: "Bad.", Status: "my secret", Reason: "my secret", Metadata: map[string]string{"service": "my secret"}}} {
		if got := st.RecordText(); got != "Bad." {
			t.Errorf("got %s", got)
		}
	}
}

func FuzzWordsForRecords(f *testing.F) {
	f.Add("write me a poem", uint8(0), "x")
	f.Add(`it's "odd" (very)`, uint8(3), "'")
	f.Add("s(", uint8(11), "")
	f.Fuzz(func(t *testing.T, prompt string, form uint8, end string) {
		before := []string{` "`, " '", ": ", "=", " {text ", " <", "\n", " - ", " \\u0022", " &#34;", " %22", " (", " “", " `"}
		got := WordsForRecords("Invalid value" + before[int(form)%len(before)] + "SECRET" + prompt + end)
		// Google's words may follow a quotation, so that they are not the client's alone.
		if strings.Contains(got, "SECRET") {
			t.Errorf("%q", got)
		}
	})
}
