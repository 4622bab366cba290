package price

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Config is the owner's own price list.
type Config struct {
	// OnUnknown says what tenants with budgets of money may do with a model
	// whose price is unknown: allow (default), its cost then counts as 0 in the
	// budget, or deny.
	OnUnknown OnUnknown `yaml:"on_unknown"`
	// Models have prices by model, each in periods in order of time. They
	// replace the built-in ones of the model.
	Models map[string][]Period `yaml:"models"`
}

// OnUnknown is what may be done with a model whose price is unknown.
type OnUnknown string

// The values of OnUnknown.
const (
	Allow OnUnknown = "allow"
	Deny  OnUnknown = "deny"
)

// Period is a time in which prices hold.
type Period struct {
	// From is the day on which it begins, as in 2027-01-01, in UTC; "" means
	// always. It ends when the next one begins.
	From string `yaml:"from" json:"from"`
	// Standard is the standard tier; a tier that is missing has no price.
	Standard *Rates `yaml:"standard" json:"standard"`
	// Flex is the tier that costs less and may wait.
	Flex *Rates `yaml:"flex" json:"flex"`
	// Priority is the tier that costs more.
	Priority *Rates `yaml:"priority" json:"priority"`
	// Batch is the tier of batches.
	Batch *Rates `yaml:"batch" json:"batch"`
}

// Rates are the prices of a tier. A missing one is unknown; 0 is free.
type Rates struct {
	// Input is that of the prompt.
	Input *Price `yaml:"input" json:"input" zero:"free"`
	// Cached is that of the prompt's cached part.
	Cached *Price `yaml:"cached" json:"cached" zero:"free"`
	// Output is that of the answer, with thinking.
	Output *Price `yaml:"output" json:"output" zero:"free"`
	// InputAudio is that of audio in the prompt; default: what text costs.
	InputAudio *Price `yaml:"input_audio" json:"input_audio" zero:"free"`
	// InputImage is that of images in the prompt; default: what text costs.
	InputImage *Price `yaml:"input_image" json:"input_image" zero:"free"`
	// InputVideo is that of video in the prompt; default: what text costs.
	InputVideo *Price `yaml:"input_video" json:"input_video" zero:"free"`
	// CachedAudio is that of cached audio; default: what cached text costs.
	CachedAudio *Price `yaml:"cached_audio" json:"cached_audio" zero:"free"`
	// OutputImage is that of images in the answer; without it, they have none.
	OutputImage *Price `yaml:"output_image" json:"output_image" zero:"free"`
	// OutputAudio is that of audio in the answer; without it, it has none.
	OutputAudio *Price `yaml:"output_audio" json:"output_audio" zero:"free"`
	// Long are the prices of prompts above 200,000 tokens, for all of their
	// tokens; without it they cost the same.
	Long *Long `yaml:"long" json:"long"`
}

// Long are the prices of long prompts.
type Long struct {
	// Input is that of the prompt.
	Input *Price `yaml:"input" json:"input" zero:"free"`
	// Cached is that of the prompt's cached part.
	Cached *Price `yaml:"cached" json:"cached" zero:"free"`
	// Output is that of the answer, with thinking.
	Output *Price `yaml:"output" json:"output" zero:"free"`
}

// longPrompt is the number of input tokens above which Long holds (Google's
// list: "prompts > 200k tokens").
const longPrompt = 200_000

// tier returns the rates of a service tier; nil if there are none. "" is the
// standard tier, which upstream uses where nobody asks for another one.
func (p *Period) tier(name string) *Rates {
	switch name {
	case "", "standard":
		return p.Standard
	case "flex":
		return p.Flex
	case "priority":
		return p.Priority
	case "batch":
		return p.Batch
	}
	return nil
}

// Validate lists every fault with its path.
func (c *Config) Validate(path string) []error {
	var errs []error
	bad := func(at, found, consequence, fix string) {
		errs = append(errs, &setting.Problem{Path: path + at, Found: found, Consequence: consequence, Fix: fix})
	}
	if c.OnUnknown != "" && c.OnUnknown != Allow && c.OnUnknown != Deny {
		bad(".on_unknown", redact.Quote(string(c.OnUnknown))+" is neither allow nor deny", "", "write one of the two")
	}
	spelled := map[string]bool{} // in lower case
	for _, name := range slices.Sorted(maps.Keys(c.Models)) {
		at := ".models." + redact.Bound(name, 100)
		periods := c.Models[name]
		if small := strings.ToLower(name); spelled[small] {
			bad(at, "is the name of another entry, in other letters", "names of models are read in lower case", "keep one of them")
		} else {
			spelled[small] = true
		}
		if len(periods) == 0 {
			bad(at, "has no prices", "", "list one period, as in - standard: {input: 1.25, output: 10}")
		}
		var last time.Time
		for i, p := range periods {
			at := fmt.Sprintf("%s[%d]", at, i)
			from, err := p.from()
			switch {
			case err != nil:
				bad(at+".from", redact.Quote(p.From)+" is not a day", "", "write it as in 2027-01-01")
			case i > 0 && !from.After(last):
				bad(at+".from", "does not come after the period before", "its prices would never hold", "put the periods in order of time")
			}
			last = from
			if p.Standard == nil && p.Flex == nil && p.Priority == nil && p.Batch == nil {
				bad(at, "has no prices", "the model's cost would be unknown", "write standard: {input: 1.25, output: 10}")
			}
		}
	}
	return errs
}

// from is when the period begins.
func (p *Period) from() (time.Time, error) {
	if p.From == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.DateOnly, p.From)
}

//go:embed prices.json
var embedded []byte

// list is prices.json.
type list struct {
	Version  string              `json:"version"`
	Currency string              `json:"currency"`
	Sources  []string            `json:"sources"`
	Models   map[string][]Period `json:"models"`
}

// builtIn reads the embedded list once.
var builtIn = sync.OnceValue(func() list {
	var l list
	if err := json.Unmarshal(embedded, &l); err != nil {
		panic("price: prices.json: " + err.Error()) // a test reads it
	}
	return l
})

// Currency is that of all prices, as in USD.
func Currency() string { return builtIn().Currency }
