package account

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Nineteen of twenty answers need no more than what is expected, however long they
// are and however they vary; and that is not far more than they need.
func TestOutputsAre95thPercentile(t *testing.T) {
	for _, c := range []struct{ median, spread float64 }{{200, 0.2}, {200, 1}, {8000, 0.5}, {50, 0.1}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			o := NewOutputs()
			const requests = 5000
			enough, sum := 0, 0.
			for i := range requests + 50 {
				real := int64(max(1, c.median*math.Exp(c.spread*random.NormFloat64())))
				if got := o.Tokens("t", "m"); i >= 50 {
					if got >= real {
						enough++
					}
					sum += math.Log(float64(got) / c.median)
				}
				o.Note("t", "m", real)
			}
			if share := float64(enough) / requests; share < 0.90 || share > 0.97 {
				t.Errorf("%.3f of the answers are within what is expected", share)
			}
			if over := sum / requests / c.spread; over < 1.2 || over > 1.8 {
				t.Errorf("expected is %.2f standard deviations over the median, want about 1.64", over)
			}
		})
	}
}

func TestOutputs(t *testing.T) {
	o := NewOutputs()
	if got := o.Tokens("t", "m"); got != firstOutput {
		t.Errorf("nothing known: %d", got)
	}
	o.Note("t", "m", 0)
	if got := o.Tokens("t", "m"); got != firstOutput {
		t.Errorf("an answer of nothing has taught %d", got)
	}
	for range 30 {
		o.Note("t", "m", 100)
	}
	if got := o.Tokens("t", "m"); got < 100 || got > 400 {
		t.Errorf("always 100 tokens: %d", got)
	}
	if a, b := o.Tokens("u", "m"), o.Tokens("t", "n"); a != firstOutput || b != firstOutput {
		t.Errorf("what one tenant asks one model changes what is expected of others: %d, %d", a, b)
	}
	for range 30 {
		o.Note("t", "m", math.MaxInt64)
	}
	if got := o.Tokens("t", "m"); got != mostOutput {
		t.Errorf("endless answers: %d", got)
	}
	for i := range 2 * mostTrends {
		o.Note("t", fmt.Sprint("model-", i), 1000)
	}
	if n := len(o.logs); n > mostTrends || n < mostTrends*9/10 {
		t.Errorf("%d are remembered, the bound is %d", n, mostTrends)
	}
}

// A few answers, however short or long, do not raise the estimate above the
// longest of them and the default.
func TestFirstOutputs(t *testing.T) {
	for _, length := range []int64{1, 8, 200, 5000, 60_000} {
		o := NewOutputs()
		for i := range enoughOutputs - 1 {
			o.Note("t", "m", length)
			if got := o.Tokens("t", "m"); got < firstOutput || got > max(firstOutput, length+1) {
				t.Errorf("after %d answers of %d tokens %d are expected", i+1, length, got)
			}
		}
		if o.Note("t", "m", length); length < firstOutput && o.Tokens("t", "m") >= firstOutput {
			t.Errorf("after %d answers of %d tokens %d are expected", enoughOutputs, length, o.Tokens("t", "m"))
		}
	}
}
