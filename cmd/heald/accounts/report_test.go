package accounts

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/account"
)

// No field of a report can hold a credential: nothing in it is one, or an account
// with one.
func TestReportHasNoPlaceForSecrets(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type, string)
	walk = func(at reflect.Type, path string) {
		if seen[at] {
			return
		}
		seen[at] = true
		switch at {
		case reflect.TypeFor[account.Secret](), reflect.TypeFor[account.Account]():
			t.Errorf("%s is a %s", path, at)
		}
		switch at.Kind() {
		case reflect.Interface:
			t.Errorf("%s may hold anything", path)
		case reflect.Pointer, reflect.Slice, reflect.Map:
			walk(at.Elem(), path)
		case reflect.Struct:
			if at.PkgPath() == "time" {
				return
			}
			for i := range at.NumField() {
				f := at.Field(i)
				if name := strings.ToLower(f.Name); strings.Contains(name, "secret") || strings.Contains(name, "key") {
					t.Errorf("%s.%s", path, f.Name)
				}
				walk(f.Type, path+"."+f.Name)
			}
		}
	}
	walk(reflect.TypeFor[Report](), "Report")
	if len(seen) < 10 {
		t.Errorf("only %d types were looked at", len(seen))
	}
}

// Clients choose names of models, and may paste anything there.
func TestRedacted(t *testing.T) {
	const key, mail = "AIzaSyD4u6Ff9xUqk1bH2v7W0cR8mZt3YpLs5Ea", "jane.doe@example.com"
	r := everyState()
	for _, model := range []string{key, mail, strings.Repeat("long", 1000)} {
		r.Accounts[0].Models = map[string]account.Usable{model: ready}
		r.Groups[0].Model, r.Backends[0].Model = model, model
		r.Accounts[1].Token = &account.TokenStatus{Problem: "oauth2.googleapis.com answered 400: invalid_grant"}
		if !strings.HasPrefix(model, "long") {
			r.Accounts[1].Token.Problem += " for " + model
			r.Accounts[1].Why = "no access token: " + r.Accounts[1].Token.Problem
		}
		text, err := json.Marshal(r.Redacted())
		if err != nil || strings.Contains(string(text), model) || !strings.Contains(string(text), "gemini-3.1-flash-image-preview") || !strings.Contains(string(text), "googleapis.com answered 400: invalid_grant") {
			t.Errorf("%v, %s", err, text)
		}
		if r.Groups[0].Model != model {
			t.Error("the report itself was changed")
		}
	}
}
