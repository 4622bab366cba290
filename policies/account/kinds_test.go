package account

import (
	"os"
	"strings"
	"testing"
)

// The page lists all names that metrics and programs see.
func TestKindsStandInThePage(t *testing.T) {
	page, err := os.ReadFile("../../ACCOUNTS.md")
	if err != nil {
		t.Fatal(err)
	}
	for k := Kind(1); k < kinds; k++ {
		if !strings.Contains(string(page), "`"+k.String()+"`") {
			t.Errorf("ACCOUNTS.md lacks %s", k)
		}
		if unavailableTexts[k] == "" {
			t.Errorf("%s has no words", k)
		}
	}
}
