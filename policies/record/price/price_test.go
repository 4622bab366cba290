package price

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Price
	}{
		{"0", 0}, {"0.0", 0}, {"0.000000000", 0}, {"1", 1_000_000}, {"1.25", 1_250_000}, {"0.0125", 12_500},
		{"0.001", 1_000}, {"120", 120_000_000}, {"10000", 10_000_000_000}, {"2.5000000", 2_500_000},
	} {
		got, err := Parse(c.in)
		if err != nil || got != c.want {
			t.Errorf("%s: got %d, %v; want %d", c.in, got, err, c.want)
		}
	}
	for _, in := range []string{"", "-1", "1,25", "x", "1.", ".5", "1.2.3", "10000.1", "1e3", "NaN", "0.1234567", "1.-5", "+1", "1.0000001", "0.0010000001", "0e-9", "1e-2"} {
		if got, err := Parse(in); err == nil || errors.Is(err, errPerToken) {
			t.Errorf("%q: got %d, %v", in, got, err)
		}
	}
}

// The prices of one token of the cheapest and the dearest models, as other
// lists have them.
func TestPricePerTokenIsRefused(t *testing.T) {
	for _, in := range []string{"0.00000125", "1.25e-06", "1E-8", "0.00012", "0.0009", "0.0000000125"} {
		if _, err := Parse(in); !errors.Is(err, errPerToken) {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestPriceText(t *testing.T) {
	for in, want := range map[Price]string{0: "0", 1_250_000: "1.25", 12_500: "0.0125", 120_000_000: "120"} {
		if got := in.String(); got != want {
			t.Errorf("%d: got %s, want %s", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1.25")
	f.Add("0.0000001")
	f.Add("10000.000000")
	f.Fuzz(func(t *testing.T, in string) {
		p, err := Parse(in)
		if err != nil {
			return
		}
		if p < 0 || p > mostPrice || p > 0 && p < leastPrice {
			t.Errorf("%q: %d is out of bounds", in, p)
		}
		if again, err := Parse(p.String()); err != nil || again != p {
			t.Errorf("%q: %s reads as %d, %v", in, p, again, err)
		}
	})
}

func TestRounding(t *testing.T) {
	for _, c := range []struct {
		tokens int64
		price  Price
		want   int64
	}{
		{1, 12_500, 13}, {1, 12_400, 12}, {2, 12_500, 25}, {1_000_000, 1_250_000, 1_250_000_000}, {0, 1, 0},
	} {
		var sum total
		sum.add(c.tokens, &c.price)
		if got := sum.billionths(); got != c.want || sum.unknown {
			t.Errorf("%d × %s: got %d, want %d", c.tokens, c.price, got, c.want)
		}
	}
}

// No sum overflows; what would is unknown.
func TestHugeAmounts(t *testing.T) {
	dearest := Price(mostPrice)
	var sum total
	for range 20 {
		sum.add(mostTokens, &dearest)
	}
	if !sum.unknown || sum.trillionths < 0 {
		t.Errorf("%+v", sum)
	}
	sum = total{}
	if sum.add(mostTokens+1, &dearest); !sum.unknown {
		t.Error("an attempt has more tokens than any can have")
	}
}

func TestPriceInJSON(t *testing.T) {
	var r Rates
	if err := json.Unmarshal([]byte(`{"input": 0.3, "output": 0}`), &r); err != nil {
		t.Fatal(err)
	}
	if *r.Input != 300_000 || *r.Output != 0 || r.Cached != nil {
		t.Errorf("%+v", r)
	}
}
