package account

import (
	"fmt"
	"strings"
	"testing"
)

func TestNewSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name     string
		accounts []Account
		want     string // "" for no fault
	}{
		{"no id", []Account{{Secret: NewSecret("k")}}, "accounts[0].id: is empty; give each account"},
		{"a key", []Account{{ID: "AIzaSyA1234567890abcdefghijklmnopqrstuv", Secret: NewSecret("k")}}, "accounts[0].id: looks like a credential: ids are shown in logs and to clients, in x-heald-account; give each account"},
		{"an address", []Account{{ID: "a@b", Secret: NewSecret("k")}}, "accounts[0].id: looks like an e-mail address: ids are shown to clients, in x-heald-account; give each account"},
		{"twice", []Account{{ID: "a", Secret: NewSecret("k")}, {ID: "a", Secret: NewSecret("l")}}, `accounts[1].id: "a" is used twice: logs and memory could not tell them apart; give each account`},
		{"no secret", []Account{{ID: "a"}}, "accounts[0].secret: the credential is empty; check the variable or file it comes from"},
		{"none", []Account{{ID: "a", Secret: NewSecret("k")}}, ""},
	} {
		_, err := New(c.accounts, Deps{})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	for _, c := range []struct{ given, want Scheme }{{"", APIKey}, {Bearer, Bearer}} {
		p := accounts(t, []Account{{ID: "a", Backend: "x", Scheme: c.given, Secret: NewSecret("k")}}, Deps{})
		if a := p.Ready("x", 1)[0]; a.Scheme != c.want {
			t.Errorf("the scheme is %q where %q is given", a.Scheme, c.given)
		}
	}
}

func TestNewNamesEveryFault(t *testing.T) {
	_, err := New([]Account{{Backend: "x"}, {ID: "a", Secret: NewSecret("k")}, {ID: "a", Secret: NewSecret("k")}, {ID: "b"}}, Deps{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"accounts[0].id", "accounts[2].id", "accounts[3].secret"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

func TestSecretNeverPrints(t *testing.T) {
	s := NewSecret("hunter2")
	text, _ := s.MarshalText()
	for _, got := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s", s, s, s, s), string(text), fmt.Sprintf("%+v", Account{Secret: s})} {
		if strings.Contains(got, "hunter2") {
			t.Errorf("printed %q", got)
		}
	}
}

func TestHeader(t *testing.T) {
	a := Account{Secret: NewSecret("k")}
	if n, v := a.Header(); n != "x-goog-api-key" || v != "k" {
		t.Errorf("got %s: %s", n, v)
	}
	a.Scheme = Bearer
	if n, v := a.Header(); n != "authorization" || v != "Bearer k" {
		t.Errorf("got %s: %s", n, v)
	}
}
