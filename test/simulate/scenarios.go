package simulate

import "time"

// Scenarios are all that `make simulate` plays.
var Scenarios = []Scenario{
	{
		Name: "steady", What: "eight projects, 20 accounts, 0.8 of the capacity",
		Seed: 1, Load: 0.8, Limits: Known, Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		Name: "x3-known", What: "three times the capacity, limits configured",
		Seed: 2, Load: 3, Limits: Known, Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		Name: "x3-learned", What: "three times the capacity, limits told by 429s only",
		Seed: 3, Load: 3, Limits: Learned, Aim: Aim{OfBound: 0.98, Refused: 5},
	}, {
		Name: "x3-hidden", What: "three times the capacity, 429s without details",
		Seed: 4, Load: 3, Limits: Hidden,
	}, {
		Name: "x3-fixed", What: "three times the capacity, the provider counts by the clock's minutes",
		Seed: 5, Load: 3, Limits: Known, FixedMinutes: true, Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		Name: "two-models", What: "two models with limits of their own, twice the capacity",
		Seed: 6, Load: 2, Limits: Known, Models: []string{"flash", "pro"}, Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		Name: "tokens-x3", What: "bound by tokens per minute, three times the capacity",
		Seed: 7, Load: 3, Limits: Known, Projects: tokenBound(), Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		// What is lost is reserved until an answer begins, and with it the prompt has been
		// counted: as much as nine in ten requests need. With three in four heald has 99.0 %
		// of the bound, and 8 to 13 refusals for 1,000 attempts instead of 4 to 6. Given back only
		// as answers end, at three in four, it has 97.1 %, and 5.
		Name: "tokens-wrong", What: "bound by tokens per minute, three times the capacity, estimates wrong by up to a half",
		Seed: 8, Load: 3, Limits: Known, EstimateError: 0.5, Projects: tokenBound(), Aim: Aim{OfBound: 0.98},
	}, {
		Name: "heavy-tails", What: "bound by tokens per minute, sizes Pareto with exponent 1.5, 0.9 of the capacity",
		Seed: 9, Load: 0.9, Limits: Known, Projects: tokenBound(),
		Sizes: Sizes{Input: 3000, Output: 300, HeavyTail: 1.5}, Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		Name: "bursts", What: "0.7 of the capacity, three times as much for 10 s of each minute",
		Seed: 10, Load: 0.7, Burst: 3, Limits: Known, Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		Name: "daily-caps", What: "half of the projects have 150 requests a day; the day ends after 10 of 15 minutes",
		Seed: 11, Load: 0.7, Limits: Known, Length: 15 * time.Minute, Start: 7*time.Hour + 50*time.Minute,
		Projects: eight(func(i int, p *Project) {
			if i%2 == 0 {
				p.Limits.RPD = 150
			}
		}), Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		Name: "outage", What: "one of two backends answers 503 for two minutes; the other has room for all",
		Seed: 12, Load: 0.45, Limits: Known, Aim: Aim{OfBound: 0.98},
		Projects: eight(outage(false)),
	}, {
		Name: "silence", What: "one of two backends says nothing for two minutes; the other has room for all",
		Seed: 13, Load: 0.45, Limits: Known, Aim: Aim{OfBound: 0.98},
		Projects: eight(outage(true)),
	}, {
		Name: "slow", What: "two of eight projects take ten times as long for four minutes, 0.6 of the capacity",
		Seed: 14, Load: 0.6, Limits: Known, Aim: Aim{OfBound: 0.98},
		Projects: eight(func(i int, p *Project) {
			if i < 2 {
				p.Slow, p.SlowBy = Period{2 * time.Minute, 6 * time.Minute}, 10
			}
		}),
	}, {
		// heald's minute has 60.5 seconds, from the newest request of each second: 0.8 %
		// and a little are lost where a pool is full all the time. With whole seconds and a
		// minute of 61 it has 97.5 % of the bound, with one of 60 98.2 %, and then 9 refusals
		// for 1,000 attempts instead of 1.4.
		Name: "tier-drop", What: "four of eight projects fall to a quarter of their limits, without notice; 0.9 of the capacity before",
		Seed: 15, Load: 0.9, Limits: Known, Aim: Aim{OfBound: 0.98, Refused: 5},
		Projects: eight(func(i int, p *Project) {
			if i < 4 {
				p.Dropped, p.DropAt = Limits{RPM: p.Limits.RPM / 4}, 3*time.Minute
			}
		}),
	}, {
		Name: "shared-capacity", What: "no limits but the provider's own capacity, which falls to a third for three minutes",
		Seed: 16, Load: 0.7, Limits: Hidden,
		Projects: eight(func(_ int, p *Project) {
			p.Limits, p.Backend = Limits{}, "vertex"
			p.Capacity = []int{12, 12, 12, 4, 4, 4, 12}
		}),
	}, {
		Name: "greedy-1:1", What: "a greedy tenant at 1.3 × capacity beside one at 0.7, weights 1:1",
		Seed: 17, Load: 2, Limits: Known, Tenants: []Tenant{{"greedy", 1, 1.3, 200}, {"modest", 1, 0.7, 200}},
		Aim: Aim{OfBound: 0.98, Refused: 1, Jain: 0.95},
	}, {
		Name: "greedy-3:1", What: "a greedy tenant at 1.3 × capacity beside one at 0.9 with three times its weight",
		Seed: 18, Load: 2.2, Limits: Known, Tenants: []Tenant{{"greedy", 1, 1.3, 200}, {"modest", 3, 0.9, 200}},
		Aim: Aim{OfBound: 0.98, Refused: 1, Jain: 0.95},
	}, {
		Name: "conversations", What: "conversations of about eight turns that projects cache, 0.6 of the capacity, three tenants",
		Seed: 19, Load: 0.6, Limits: Known, Sizes: Sizes{Input: 9000, Spread: 0.6, Output: 300, Conversations: true},
		Tenants: []Tenant{{"a", 1, 1, 0}, {"b", 1, 2, 0}, {"c", 1, 3, 0}}, Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		Name: "conversations-busy", What: "the same at 0.9 of the capacity",
		Seed: 23, Load: 0.9, Limits: Known, Sizes: Sizes{Input: 9000, Spread: 0.6, Output: 300, Conversations: true},
		Tenants: []Tenant{{"a", 1, 1, 0}, {"b", 1, 2, 0}, {"c", 1, 3, 0}}, Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		Name: "replicas-3", What: "three times the capacity, three replicas",
		Seed: 20, Load: 3, Limits: Known, Replicas: 3, Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		Name: "replicas-100", What: "three times the capacity, 100 replicas",
		Seed: 21, Load: 3, Limits: Known, Replicas: 100, Aim: Aim{OfBound: 0.98, Refused: 1},
	}, {
		Name: "store-gone", What: "three times the capacity, three replicas, no shared store for a minute",
		Seed: 22, Load: 3, Limits: Known, Replicas: 3, StoreGone: Period{4 * time.Minute, 5 * time.Minute},
		Aim: Aim{OfBound: 0.95, Refused: 5},
	},
}

// Named returns a scenario with its defaults filled in: ten minutes, one model,
// one tenant, eight projects with 60 requests a minute.
func Named(name string) *Scenario {
	for _, s := range Scenarios {
		if s.Name != name {
			continue
		}
		if s.Length == 0 {
			s.Length = 10 * time.Minute
		}
		if s.Models == nil {
			s.Models = []string{"flash"}
		}
		if s.Tenants == nil {
			s.Tenants = []Tenant{{Name: "default", Weight: 1, Share: 1}}
		}
		if s.Projects == nil {
			s.Projects = eight()
		}
		if s.Sizes.Input == 0 {
			s.Sizes = Sizes{Input: 3000, Spread: 0.8, Output: 300}
		}
		return &s
	}
	return nil
}

// eight are the projects of most scenarios: 20 accounts, 480 requests a minute.
func eight(change ...func(i int, p *Project)) []Project {
	var all []Project
	for i, accounts := range []int{4, 4, 3, 3, 2, 2, 1, 1} {
		p := Project{Name: "project-" + string(rune('a'+i)), Backend: "studio", Accounts: accounts, Limits: Limits{RPM: 60}}
		for _, c := range change {
			c(i, &p)
		}
		all = append(all, p)
	}
	return all
}

// tokenBound are projects whose tokens run out long before their requests.
func tokenBound() []Project {
	return eight(func(_ int, p *Project) { p.Limits = Limits{RPM: 600, TPM: 250_000} })
}

// outage puts half of the projects at a backend of their own that fails.
func outage(silent bool) func(int, *Project) {
	return func(i int, p *Project) {
		if i%2 == 0 {
			p.Backend, p.Silent = "elsewhere", silent
			p.Outage = Period{3 * time.Minute, 5 * time.Minute}
		}
	}
}
