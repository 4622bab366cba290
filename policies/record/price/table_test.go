package price

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/redact"
)

var autumn = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func TestCost(t *testing.T) {
	table := New(Config{})
	for _, c := range []struct {
		name, model, tier string
		at                time.Time
		usage             record.Usage
		want              int64 // -1: not known
		estimated         bool
	}{
		{"text", "gemini-2.5-pro", "", autumn, record.Usage{Input: 1_000_000 / 10, Output: 1000}, 135_000_000, false},
		{"thinking costs what output does", "gemini-2.5-pro", "standard", autumn, record.Usage{Output: 1000, Thinking: 900}, 10_000_000, false},
		{"cached", "gemini-2.5-pro", "", autumn, record.Usage{Input: 1000, Cached: 800}, 200*1250 + 800*125, false},
		{"200,000 is not long", "gemini-2.5-pro", "", autumn, record.Usage{Input: 200_000}, 250_000_000, false},
		{"above it all of it is", "gemini-2.5-pro", "", autumn, record.Usage{Input: 200_001, Cached: 1, Output: 1}, 200_000*2500 + 250 + 15_000, false},
		{"a flat price stays", "gemini-3.5-flash", "", autumn, record.Usage{Input: 300_000}, 450_000_000, false},
		{"flex is half", "gemini-2.5-pro", "flex", autumn, record.Usage{Input: 1000, Output: 10}, 625_000 + 50_000, false},
		{"batch", "gemini-2.5-flash-preview-tts", "batch", autumn, record.Usage{Input: 1000, Output: 10, OutputBy: &record.Modalities{Audio: 10}}, 250_000 + 50_000, false},
		{"speech", "gemini-2.5-flash-preview-tts", "", autumn, record.Usage{Output: 10, OutputBy: &record.Modalities{Audio: 10}}, 100_000, false},
		{"speech that is not told", "gemini-2.5-flash-preview-tts", "", autumn, record.Usage{Output: 10}, 100_000, true},
		{"more thinking than there is", "gemini-2.5-pro", "", autumn, record.Usage{Output: 10, Thinking: 11}, -1, false},
		{"all of it is thinking", "gemini-2.5-pro", "", autumn, record.Usage{Output: 10, Thinking: 10}, 100_000, false},
		{"all of it is cached", "gemini-2.5-pro", "", autumn, record.Usage{Input: 10, Cached: 10}, 1250, false},
		{"less than nothing cached", "gemini-2.5-pro", "", autumn, record.Usage{Input: 10, Cached: -1}, -1, false},
		{"less than no thinking", "gemini-2.5-pro", "", autumn, record.Usage{Output: 10, Thinking: -1}, -1, false},
		{"priority", "gemini-3.1-pro-preview", "priority", autumn, record.Usage{Input: 1000}, 3_600_000, false},
		{"half a billionth per token", "gemini-3.1-flash-lite", "flex", autumn, record.Usage{Input: 3, Cached: 3, InputBy: &record.Modalities{Text: 3}, CachedBy: &record.Modalities{Text: 3}}, 38, false},
		{"audio", "gemini-2.5-flash", "", autumn, record.Usage{Input: 100, InputBy: &record.Modalities{Text: 40, Audio: 60}}, 40*300 + 60*1000, false},
		{"audio is not told", "gemini-2.5-flash", "", autumn, record.Usage{Input: 100}, 100 * 300, true},
		{"cached audio", "gemini-2.5-flash", "", autumn, record.Usage{Input: 100, Cached: 50, InputBy: &record.Modalities{Audio: 100}, CachedBy: &record.Modalities{Audio: 50}}, 50*1000 + 50*100, false},
		{"cached audio is not told", "gemini-2.5-flash", "", autumn, record.Usage{Input: 100, Cached: 50, InputBy: &record.Modalities{Audio: 100}}, 50*1000 + 50*100, true},
		{"video costs what text does", "gemini-2.5-flash", "", autumn, record.Usage{Input: 100, InputBy: &record.Modalities{Video: 100}}, 100 * 300, false},
		{"a picture", "gemini-3-pro-image-preview", "", autumn, record.Usage{Input: 10, Output: 1220, Thinking: 100, OutputBy: &record.Modalities{Image: 1120}}, 10*2000 + 100*12_000 + 1120*120_000, false},
		{"vectors of pictures", "gemini-embedding-2", "", autumn, record.Usage{Input: 10, InputBy: &record.Modalities{Image: 10}}, 4500, false},
		{"this year", "gemini-3.8-flash", "", autumn, record.Usage{Input: 1000}, 750_000, false},
		{"next year", "gemini-3.8-flash", "", time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), record.Usage{Input: 1000}, 1_500_000, false},
		{"a tier without prices", "gemini-3.8-flash", "priority", autumn, record.Usage{Input: 1000}, -1, false},
		{"a tier nobody knows", "gemini-2.5-pro", "turbo", autumn, record.Usage{Input: 1000}, -1, false},
		{"a model nobody knows", "gemini-9-ultra", "", autumn, record.Usage{Input: 1000}, -1, false},
		{"a variant is another model", "gemini-2.5-flash-native-audio", "", autumn, record.Usage{Input: 1000}, -1, false},
		{"a picture where none has a price", "gemini-2.5-flash", "", autumn, record.Usage{Output: 10, OutputBy: &record.Modalities{Image: 10}}, -1, false},
		{"cached where it has no price", "gemini-2.5-flash-image", "", autumn, record.Usage{Input: 10, Cached: 5}, -1, false},
		{"more cached than there is", "gemini-2.5-pro", "", autumn, record.Usage{Input: 10, Cached: 11}, -1, false},
		{"guessed tokens", "gemini-2.5-pro", "", autumn, record.Usage{Input: 8, Estimated: true}, 10_000, true},
		{"nothing used costs nothing", "gemini-2.5-pro", "", autumn, record.Usage{}, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := table.Cost(c.model, c.tier, c.at, &c.usage)
			if (got.Nano == nil) != (c.want < 0) || got.Nano != nil && *got.Nano != c.want {
				t.Errorf("got %v, want %d", text(got.Nano), c.want)
			}
			if got.Estimated != c.estimated {
				t.Errorf("estimated is %v", got.Estimated)
			}
		})
	}
	if got := table.Cost("gemini-2.5-pro", "", autumn, nil); got.Nano != nil {
		t.Errorf("an unknown usage costs %d", *got.Nano)
	}
}

func text(n *int64) any {
	if n == nil {
		return "unknown"
	}
	return *n
}

// Whatever the parts by modality say, the sum is that of a naive one in
// fractions: each token once, at the price of its kind.
func TestCostIsThatOfEveryToken(t *testing.T) {
	table := New(Config{})
	models := []string{"gemini-2.5-pro", "gemini-2.5-flash", "gemini-3.1-flash-lite", "gemini-3-pro-image"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		model := models[random.IntN(len(models))]
		in := record.Modalities{Text: random.Int64N(300_000), Image: random.Int64N(9999), Audio: random.Int64N(9999), Video: random.Int64N(9999), Document: random.Int64N(999)}
		cached := record.Modalities{Text: random.Int64N(in.Text + 1), Audio: random.Int64N(in.Audio + 1)}
		out := record.Modalities{Text: random.Int64N(60_000)}
		if model == "gemini-3-pro-image" {
			out.Image, cached = random.Int64N(5000), record.Modalities{}
		}
		u := record.Usage{Input: in.Sum(), Cached: cached.Sum(), Thinking: random.Int64N(9999), InputBy: &in, CachedBy: &cached, OutputBy: &out}
		u.Output = out.Sum() + u.Thinking
		got := table.Cost(model, "standard", autumn, &u)
		if got.Nano == nil || got.Estimated {
			t.Fatalf("%s, %+v: %+v", model, u, got)
		}
		r := table.rates(model, "standard", autumn)
		input, cache, output := *r.Input, r.Cached, *r.Output
		if r.Long != nil && u.Input > 200_000 {
			input, cache, output = *r.Long.Input, r.Long.Cached, *r.Long.Output
		}
		sum := new(big.Int)
		add := func(n int64, p *Price) {
			if n != 0 {
				sum.Add(sum, new(big.Int).Mul(big.NewInt(n), big.NewInt(int64(*p))))
			}
		}
		audio, cachedAudio := &input, cache
		if r.InputAudio != nil {
			audio, cachedAudio = r.InputAudio, r.CachedAudio
		}
		add(in.Text-cached.Text+in.Image+in.Video+in.Document, &input)
		add(in.Audio-cached.Audio, audio)
		add(cached.Text, cache)
		add(cached.Audio, cachedAudio)
		add(out.Text+u.Thinking, &output)
		add(out.Image, r.OutputImage)
		want := sum.Add(sum, big.NewInt(500)).Div(sum, big.NewInt(1000)).Int64()
		if *got.Nano != want {
			t.Fatalf("%s, %+v: got %d, want %d", model, u, *got.Nano, want)
		}
	}
}

// Whatever upstream tells of modalities, no token is lost and none is counted
// twice.
func FuzzSubtract(f *testing.F) {
	f.Add(int64(10), int64(5), int64(3), int64(4), int64(9), int64(2))
	f.Add(int64(0), int64(100), int64(0), int64(50), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, text, audio, image, cachedText, cachedAudio, cachedImage int64) {
		for _, n := range []*int64{&text, &audio, &image, &cachedText, &cachedAudio, &cachedImage} {
			*n = max(*n%1_000_000, -*n%1_000_000)
		}
		in := record.Modalities{Text: text, Audio: audio, Image: image}
		cached := record.Modalities{Text: cachedText, Audio: cachedAudio, Image: cachedImage}
		if cached.Sum() > in.Sum() {
			return
		}
		fresh, of := in, cached
		subtract(&fresh, &of)
		if fresh.Sum() != in.Sum()-cached.Sum() || of.Sum() != cached.Sum() {
			t.Errorf("%+v less %+v is %+v and %+v", in, cached, fresh, of)
		}
		if min(fresh.Text, fresh.Audio, fresh.Image, of.Text, of.Audio, of.Image) < 0 {
			t.Errorf("%+v less %+v is %+v and %+v", in, cached, fresh, of)
		}
	})
}

func TestOwnPrices(t *testing.T) {
	p := func(s string) *Price { v, _ := Parse(s); return &v }
	own := Config{OnUnknown: Deny, Models: map[string][]Period{
		"gemini-2.5-pro": {{Standard: &Rates{Input: p("1"), Output: p("0")}}},
		"My-Model-9":     {{Standard: &Rates{Input: p("2")}}, {From: "2026-12-01", Standard: &Rates{Input: p("3")}}},
	}}
	table := New(own)
	cost := func(model, tier string, at time.Time, u record.Usage) any {
		return text(table.Cost(model, tier, at, &u).Nano)
	}
	if got := cost("gemini-2.5-pro", "", autumn, record.Usage{Input: 1000, Output: 1000}); got != int64(1_000_000) {
		t.Errorf("a price of one's own: %v", got)
	}
	if got := cost("gemini-2.5-pro", "flex", autumn, record.Usage{Input: 1000}); got != "unknown" {
		t.Errorf("the built-in tier of a model with prices of one's own: %v", got)
	}
	if got := cost("my-model-9", "", autumn.AddDate(0, 0, 2), record.Usage{Input: 1000}); got != int64(3_000_000) {
		t.Errorf("the second period: %v", got)
	}
	if sum, own := strings.CutPrefix(table.Version(), New(Config{}).Version()+"+"); !own || len(sum) != 8 {
		t.Errorf("version %s", table.Version())
	}
	if New(own).Version() != table.Version() {
		t.Error("the version of equal prices differs")
	}
	if !table.Denies() || New(Config{}).Denies() {
		t.Error("on_unknown")
	}
}

// Own prices replace the built-in ones, however their model is spelled.
func TestOwnPricesInOtherLetters(t *testing.T) {
	p := Price(42_000_000)
	for range 50 { // the order of a map's names differs
		table := New(Config{Models: map[string][]Period{"Gemini-2.5-Pro": {{Standard: &Rates{Input: &p}}}}})
		if got := table.Cost("gemini-2.5-pro", "", autumn, &record.Usage{Input: 1}).Nano; got == nil || *got != 42_000 {
			t.Fatalf("got %v", text(got))
		}
	}
}

// Each modality has its own price if there is one, else that of text; audio that is
// cached has none unless it is told.
func TestPricesOfModalities(t *testing.T) {
	p := func(n int64) *Price { v := Price(n * perMillion); return &v }
	all := &Rates{Input: p(1), Cached: p(2), Output: p(3), InputAudio: p(10), InputImage: p(20), InputVideo: p(30), CachedAudio: p(40), OutputImage: p(50), OutputAudio: p(60)}
	text := &Rates{Input: p(1), Cached: p(2), Output: p(3)}
	audio := &Rates{Input: p(1), Cached: p(2), InputAudio: p(10)}
	cached := &Rates{Input: p(1), Cached: p(2), CachedAudio: p(40)}
	for _, c := range []struct {
		name    string
		rates   *Rates
		u       record.Usage
		want    int64 // the prices of all tokens; -1 is unknown
		guessed bool
	}{
		{"audio", all, record.Usage{Input: 1, InputBy: &record.Modalities{Audio: 1}}, 10, false},
		{"a picture", all, record.Usage{Input: 1, InputBy: &record.Modalities{Image: 1}}, 20, false},
		{"video", all, record.Usage{Input: 1, InputBy: &record.Modalities{Video: 1}}, 30, false},
		{"a document", all, record.Usage{Input: 1, InputBy: &record.Modalities{Document: 1}}, 1, false},
		{"cached audio", all, record.Usage{Input: 1, Cached: 1, InputBy: &record.Modalities{Audio: 1}, CachedBy: &record.Modalities{Audio: 1}}, 40, false},
		{"a cached picture", all, record.Usage{Input: 1, Cached: 1, InputBy: &record.Modalities{Image: 1}, CachedBy: &record.Modalities{Image: 1}}, 2, false},
		{"cached video", all, record.Usage{Input: 1, Cached: 1, InputBy: &record.Modalities{Video: 1}, CachedBy: &record.Modalities{Video: 1}}, 2, false},
		{"a cached document", all, record.Usage{Input: 1, Cached: 1, InputBy: &record.Modalities{Document: 1}, CachedBy: &record.Modalities{Document: 1}}, 2, false},
		{"a drawing", all, record.Usage{Output: 1, OutputBy: &record.Modalities{Image: 1}}, 50, false},
		{"speech", all, record.Usage{Output: 1, OutputBy: &record.Modalities{Audio: 1}}, 60, false},
		{"a film", all, record.Usage{Output: 1, OutputBy: &record.Modalities{Video: 1}}, 3, false},
		{"a document as the answer", all, record.Usage{Output: 1, OutputBy: &record.Modalities{Document: 1}}, 3, false},
		{"pictures that are not told", &Rates{Input: p(1), InputImage: p(2)}, record.Usage{Input: 1}, 1, true},
		{"films that are not told", &Rates{Input: p(1), InputVideo: p(2)}, record.Usage{Input: 1}, 1, true},
		{"drawings that are not told", &Rates{Output: p(1), OutputImage: p(2)}, record.Usage{Output: 1}, 1, true},
		{"another one is cached than was sent", all, record.Usage{Input: 2, Cached: 1, InputBy: &record.Modalities{Text: 2}, CachedBy: &record.Modalities{Audio: 1}}, 1 + 2, true},
		{"another one is cached, at one price", text, record.Usage{Input: 2, Cached: 1, InputBy: &record.Modalities{Text: 2}, CachedBy: &record.Modalities{Audio: 1}}, 1 + 2, false},
		{"nothing is told", all, record.Usage{Input: 1, Cached: 1, Output: 1}, 5, true},
		{"a part is told", all, record.Usage{Input: 3, InputBy: &record.Modalities{Image: 2}}, 41, true},
		{"more is told than there is", all, record.Usage{Input: 1, InputBy: &record.Modalities{Image: 2}}, 1, true},
		{"less than nothing is told", all, record.Usage{Input: 1, InputBy: &record.Modalities{Image: -1, Text: 2}}, 1, true},
		{"more is told, at one price", text, record.Usage{Input: 1, InputBy: &record.Modalities{Image: 2}}, 1, false},
		{"pictures at the price of text", text, record.Usage{Input: 4, InputBy: &record.Modalities{Audio: 1, Image: 1, Video: 1, Text: 1}}, 4, false},
		{"cached audio at the price of cached text", text, record.Usage{Input: 1, Cached: 1, InputBy: &record.Modalities{Audio: 1}, CachedBy: &record.Modalities{Audio: 1}}, 2, false},
		{"cached audio of no known price", audio, record.Usage{Input: 1, Cached: 1, InputBy: &record.Modalities{Audio: 1}, CachedBy: &record.Modalities{Audio: 1}}, -1, false},
		{"cached audio with a price of its own", cached, record.Usage{Input: 1, Cached: 1, InputBy: &record.Modalities{Audio: 1}, CachedBy: &record.Modalities{Audio: 1}}, 40, false},
	} {
		got, guessed := c.rates.sum(&c.u)
		if got.unknown != (c.want < 0) || !got.unknown && got.trillionths != c.want*perMillion || guessed != c.guessed {
			t.Errorf("%s: %+v, guessed %v", c.name, got, guessed)
		}
	}
}

func TestKnown(t *testing.T) {
	table := New(Config{})
	if !table.Known("models/gemini-2.5-flash-preview-09-2025", "", autumn) || table.Known("gemini-9", "", autumn) || table.Known("gemini-3.8-flash", "priority", autumn) {
		t.Error("what is known")
	}
	for model, want := range map[string]string{
		"gemini-3-flash-preview": "gemini-3-flash", "gemini-2.5-pro-001": "gemini-2.5-pro", "Gemini-2.5-Flash": "gemini-2.5-flash",
		"publishers/google/models/gemini-3.1-pro-preview": "gemini-3.1-pro", "gemini-2.5-flash-image-preview": "gemini-2.5-flash-image",
		"gemini-2.5": "", "": "", "gemini-2.5-pro-preview-tts": "gemini-2.5-pro-preview-tts",
	} {
		if got := table.Name(model); got != want {
			t.Errorf("%s: got %q, want %q", model, got, want)
		}
	}
}

// Every model of the built-in capability table has a price, or stands here as
// one whose price is unknown.
func TestBuiltInModels(t *testing.T) {
	unknown := []string{
		"gemini-pro-latest", "gemini-flash-lite-latest", // they stand for models that change
		"text-embedding-005", "text-multilingual-embedding-002", // billed by character
	}
	table := New(Config{})
	for _, row := range gemini.DefaultTable {
		if got, want := table.Known(row.Model, "", autumn), !slices.Contains(unknown, row.Model); got != want {
			t.Errorf("%s: known is %v", row.Model, got)
		}
	}
}

// The built-in list obeys the rules of owners' lists.
func TestBuiltInList(t *testing.T) {
	b := builtIn()
	c := Config{Models: b.Models}
	for _, err := range c.Validate("prices") {
		t.Error(err)
	}
	if _, err := time.Parse(time.DateOnly, b.Version); err != nil || b.Currency != "USD" || len(b.Sources) == 0 {
		t.Errorf("version %q, currency %q, %d sources", b.Version, b.Currency, len(b.Sources))
	}
}

func TestValidate(t *testing.T) {
	p := Price(1_000_000)
	rates := &Rates{Input: &p}
	for _, c := range []struct {
		name string
		c    Config
		want string
	}{
		{"nothing", Config{}, ""},
		{"on_unknown", Config{OnUnknown: "maybe"}, "prices.on_unknown: \"maybe\" is neither allow nor deny; write one of the two"},
		{"a long name", Config{Models: map[string][]Period{strings.Repeat("m", 101): {}}}, "prices.models." + redact.Bound(strings.Repeat("m", 101), 100) + ": has no prices"},
		{"no period", Config{Models: map[string][]Period{"m": {}}}, "prices.models.m: has no prices"},
		{"empty period", Config{Models: map[string][]Period{"m": {{}}}}, "prices.models.m[0]: has no prices: the model's cost would be unknown"},
		{"no day", Config{Models: map[string][]Period{"m": {{From: "soon", Standard: rates}}}}, "prices.models.m[0].from: \"soon\" is not a day; write it as in 2027-01-01"},
		{"out of order", Config{Models: map[string][]Period{"m": {{Standard: rates}, {Standard: rates}}}}, "prices.models.m[1].from: does not come after the period before"},
		{"twice", Config{Models: map[string][]Period{"m": {{Standard: rates}}, "M": {{Standard: rates}}}}, "prices.models.m: is the name of another entry, in other letters"},
	} {
		errs := c.c.Validate("prices")
		if c.want == "" && len(errs) == 0 {
			continue
		}
		if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), c.want) {
			t.Errorf("%s: %v", c.name, errs)
		}
	}
}
