package native

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// resourcesOf lists what a body names, as "kind name".
func resourcesOf(t *testing.T, target gemini.Target, body string) (files []string, err error) {
	t.Helper()
	_, _, err = New().Repair(&conversation.Request{}, []byte(body), target, gemini.Options{
		Resource: func(r conversation.Resource) (bool, error) {
			if r.Kind == conversation.ResourceFile {
				files = append(files, r.Name)
			}
			return true, nil
		},
	})
	return files, err
}

// A file is asked for wherever it stands and however its name is spelled, for
// what upstream makes of a place or a spelling is unknown.
func TestEveryFileIsAskedFor(t *testing.T) {
	const file = `{"fileUri":"https://a/b"}`
	for _, c := range []string{
		`{"systemInstruction":{"parts":[{"fileData":` + file + `}]}}`,
		`{"systemInstruction":{"parts":[{"functionResponse":{"parts":[{"fileData":` + file + `}]}}]}}`,
		`{"systemInstruction":[{"parts":[{"fileData":` + file + `}]}]}`,
		`{"systemInstruction":{"parts":[[{"fileData":` + file + `}]]}}`,
		`{"SystemInstruction":{"parts":{"file_Data":` + file + `}}}`,
		`{"contents":[{"parts":[{"toolResponse":{"parts":[{"fileData":` + file + `}]}}]}]}`,
		`{"contents":[{"parts":[{"toolCall":{"fileData":` + file + `}}]}]}`,
		`{"contents":[{"parts":[{"functionCall":{"name":"f","parts":[{"fileData":` + file + `}]}}]}]}`,
		`{"contents":[{"parts":[{"functionResponse":{"name":"f","fileData":` + file + `}}]}]}`,
		`{"contents":[{"parts":[{"FileData":` + file + `}]}]}`,
		`{"contents":[{"parts":[{"fileData":{"file_Uri":"https://a/b"}}]}]}`,
		`{"contents":[{"parts":[{"fileData":{"fileURI":"https://a/b"}}]}]}`,
		`{"contents":[{"parts":[{"thing":{"of":[{"tomorrow":` + file + `}]}}]}]}`,
		`{"contents":[{"aside":` + file + `}]}`,
		`{"Contents":[{"Parts":[{"filedata":{"fileuri":"https://a/b"}}]}]}`,
		`{"thing":` + file + `}`,
	} {
		// A history that is mended is walked more than once.
		if got, err := resourcesOf(t, gemini.Target{Model: "gemini-3.5-flash"}, c); err != nil || strings.Join(slices.Compact(got), " ") != "https://a/b" {
			t.Errorf("%s: %q, %v", c, got, err)
		}
	}
}

// What a function takes and returns is the client's own data.
func TestDataOfFunctionsIsNoFile(t *testing.T) {
	const file = `{"fileData":{"fileUri":"https://a/b"}}`
	for _, c := range []string{
		`{"contents":[{"parts":[{"functionCall":{"name":"f","args":` + file + `}}]}]}`,
		`{"contents":[{"parts":[{"functionResponse":{"name":"f","response":` + file + `}}]}]}`,
		`{"tools":[{"functionDeclarations":[{"name":"f","parameters":{"properties":{"fileUri":{"type":"STRING"}}}}]}]}`,
		`{"generationConfig":{"responseSchema":{"properties":{"fileUri":{"type":"STRING"}}}}}`,
	} {
		if got, err := resourcesOf(t, gemini.Target{Model: "gemini-3.5-flash"}, c); err != nil || got != nil {
			t.Errorf("%s: %q, %v", c, got, err)
		}
	}
}

// A list in the place of an object is not passed on unread.
func TestListsInPlaceOfObjectsAreRefused(t *testing.T) {
	for _, c := range []string{
		`{"contents":[[{"parts":[{"fileData":{"fileUri":"https://a/b"}}]}]]}`,
		`{"contents":[{"parts":[[{"fileData":{"fileUri":"https://a/b"}}]]}]}`,
		`{"contents":[{"parts":[{"fileData":[{"fileUri":"https://a/b"}]}]}]}`,
		`{"contents":[{"parts":[{"functionResponse":[{"parts":[]}]}]}]}`,
		`{"tools":[[{"retrieval":{}}]]}`,
		`{"generationConfig":[{"thinkingConfig":{}}]}`,
	} {
		var e *conversation.Error
		if _, err := resourcesOf(t, gemini.Target{Model: "gemini-3.5-flash"}, c); !errors.As(err, &e) || e.Kind != conversation.ErrInvalid || e.Param == "" {
			t.Errorf("%s: %v", c, err)
		}
	}
}
