package e2e

import (
	"time"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// choiceGroups are faults of which it matters where the next attempt goes, or
// the next request.
var choiceGroups = []faultGroup{
	{"two accounts, of which one is spent", stack.Options{Keys: []string{"key-1", "key-2"}}, againFaults},
	{"two backends, of which one fails", stack.Options{Backends: []string{"a", "b"}}, awayFaults},
	{"two backends, two attempts", stack.Options{Backends: []string{"a", "b"}, Policy: `{attempts: 2, peek: {timeout: 1s}}`}, []fault{
		{name: "503 at the first, once", script: once(fakegemini.Status(503)), want: heals(a1(heal.ReasonOverloaded), b1(heal.ReasonOK))},
		{name: "no answer at the first, once", script: once(fakegemini.EmptyOK()), want: heals(a1(heal.ReasonPeekEOF), b1(heal.ReasonOK))},
		{name: "silence at the first", script: once(fakegemini.SilentBeforeHeaders()), want: heals(a1(heal.ReasonPeekTimeout), b1(heal.ReasonOK))},
		// The next request would be answered by the first.
		{name: "500 at the first, quota of the day at the second", script: once(fakegemini.Status(500)), second: once(shortQuotaOfTheDay),
			want: fails(seesError, "", a1(heal.ReasonServerError), b1(heal.ReasonQuota))},
		{name: "silence at the first, quota of the day at the second, and that is the end", script: once(fakegemini.SilentBeforeHeaders()), second: once(shortQuotaOfTheDay),
			want: fails(seesError, "sent no answer in time", a1(heal.ReasonPeekTimeout), b1(heal.ReasonQuota))},
		{name: "silence at the first, a wrong key at the second", script: once(fakegemini.SilentBeforeHeaders()), second: once(fakegemini.Status(401)),
			want: fails(seesError, "sent no answer in time", a1(heal.ReasonPeekTimeout), b1(heal.ReasonBadKey))},
	}},
	{"two backends, two keys at each, two attempts", stack.Options{Backends: []string{"a", "b"}, Keys: []string{"key-1", "key-2"}, Policy: `{attempts: 2, peek: {timeout: 1s}}`}, []fault{
		{name: "all keys of the first are refused", script: again(2, fakegemini.Status(401)), want: heals(a1(heal.ReasonBadKey), b1(heal.ReasonOK))},
		{name: "all keys of the first are forbidden", script: again(2, fakegemini.Status(403)), want: heals(a1(heal.ReasonForbidden), b1(heal.ReasonOK))},
		{name: "the quota of the day is used up at the first", script: again(2, shortQuotaOfTheDay), want: heals(a1(heal.ReasonQuota), b1(heal.ReasonOK))},
		{name: "the first is over its rate limit", script: again(2, fakegemini.Status(429, fakegemini.RetryDelay("7s"))), want: heals(a1(heal.ReasonRateLimit), b1(heal.ReasonOK))},
	}},
	{"two backends, three keys of one project at each, three attempts", stack.Options{
		Backends: []string{"a", "b"}, Keys: []string{"key-1", "key-2", "key-3"}, Account: func(int) string { return "project: p" }, Policy: `{attempts: 3, peek: {timeout: 1s}}`}, []fault{
		{name: "all keys of the first are refused", script: again(3, fakegemini.Status(401)), want: heals(a1(heal.ReasonBadKey), a2(heal.ReasonBadKey), b1(heal.ReasonOK))},
	}},
	{"a chain of two models, all of them ready", stack.Options{Models: chain, Policy: `{peek: {timeout: 1s}}`}, lastFaults},
	{"a chain at two backends that are out", stack.Options{Backends: []string{"a", "b"}, Models: chain}, []fault{
		{name: "silence at both", script: once(fakegemini.SilentAfterHeaders()), second: once(fakegemini.SilentAfterHeaders()),
			want: heals(a1(heal.ReasonPeekTimeout), b1(heal.ReasonPeekTimeout), lite(b1(heal.ReasonOK)))},
		{name: "503 at both", script: again(2, fakegemini.Status(503)), second: once(fakegemini.Status(503)),
			want: heals(a1(heal.ReasonOverloaded), b1(heal.ReasonOverloaded), lite(b1(heal.ReasonOK)))},
		{name: "429 with a short delay at both", script: once(fakegemini.Status(429, fakegemini.RetryDelay("2s"))), second: once(fakegemini.Status(429, fakegemini.RetryDelay("2s"))),
			want: heals(a1(heal.ReasonRateLimit), b1(heal.ReasonRateLimit), lite(a1(heal.ReasonOK)))},
	}},
	{"a chain whose second model reads more", stack.Options{Models: `{aliases: {gemini-3.5-flash: [gemini-3.5-flash, gemini-3.5-flash-lite]}, known: {gemini-3.5-flash-lite: {context: 2000000}}}`}, []fault{
		{name: "prompt too long for the first", script: once(overflow), want: heals(a1(heal.ReasonContext), lite(a1(heal.ReasonOK)))},
		{name: "prompt too long for both", script: again(2, overflow), want: fails(seesContext, "", a1(heal.ReasonContext), lite(a1(heal.ReasonContext)))},
	}},
	{"a chain whose second model reads no more", stack.Options{Models: chain}, []fault{
		{name: "prompt too long", script: once(overflow), want: fails(seesContext, "", a1(heal.ReasonContext))},
	}},
	{"a chain that must not be gone along", stack.Options{Models: chain, Policy: `{strict_model: true, peek: {timeout: 1s}}`}, []fault{
		{name: "503 twice, strict_model", script: again(2, fakegemini.Status(503)), want: heals(a1(heal.ReasonOverloaded), a1(heal.ReasonOverloaded), a1(heal.ReasonOK))},
	}},
}

var (
	quotaOfTheDay = fakegemini.Status(429, fakegemini.QuotaID("GenerateRequestsPerDayPerProjectPerModel"))
	// Google sends a delay of seconds with it.
	shortQuotaOfTheDay = fakegemini.Status(429, fakegemini.QuotaID("GenerateRequestsPerDayPerProjectPerModel"), fakegemini.RetryDelay("3s"))
	overflow           = fakegemini.Status(400, fakegemini.Message("The input token count (1250074) exceeds the maximum number of tokens allowed (1048576)."))
)

// then is one reply after another.
func then(replies ...fakegemini.Reply) []fakegemini.Reply { return replies }

// The first account fails in passing, the second is spent.
var againFaults = []fault{
	{name: "no answer, then quota of the day", script: then(fakegemini.EmptyOK(), quotaOfTheDay),
		want: heals(a1(heal.ReasonPeekEOF), a2(heal.ReasonQuota), a1(heal.ReasonOK))},
	{name: "silence, then quota of the day", script: then(fakegemini.SilentAfterHeaders(), quotaOfTheDay),
		want: heals(a1(heal.ReasonPeekTimeout), a2(heal.ReasonQuota), a1(heal.ReasonOK))},
	{name: "500, then 403", script: then(fakegemini.Status(500), fakegemini.Status(403)),
		want: heals(a1(heal.ReasonServerError), a2(heal.ReasonForbidden), a1(heal.ReasonOK))},
	{name: "STOP without parts, then 401", script: then(fakegemini.StopWithoutParts(), fakegemini.Status(401)),
		want: heals(a1(heal.ReasonPeekNoContent), a2(heal.ReasonBadKey), a1(heal.ReasonOK))},
	{name: "429 with a delay, then billing", script: then(fakegemini.Status(429, fakegemini.RetryDelay("1s")), fakegemini.Raw(400, nil, []byte(noBilling))),
		want: heals(a1(heal.ReasonRateLimit), a2(heal.ReasonPrecondition), a1(heal.ReasonOK))},
	{name: "no answer, then an unknown model", script: then(fakegemini.EmptyOK(), fakegemini.Status(404)),
		want: heals(a1(heal.ReasonPeekEOF), a2(heal.ReasonNoModel), a1(heal.ReasonOK))},
	{name: "no answer, then too long a delay", script: then(fakegemini.EmptyOK(), fakegemini.Status(429, fakegemini.RetryDelay("60s"))),
		want: heals(a1(heal.ReasonPeekEOF), a2(heal.ReasonRateLimit), a1(heal.ReasonOK))},
	{name: "reset while held", script: once(fakegemini.ResetAfterHeaders()), want: heals(a1(heal.ReasonClientGone), a2(heal.ReasonOK))},
	{name: "quota of the day at both", script: again(2, quotaOfTheDay), want: fails(seesQuota, "", a1(heal.ReasonQuota), a2(heal.ReasonQuota))},
}

// Each backend has one account here.
var awayFaults = []fault{
	{name: "silence at the first", script: once(fakegemini.SilentAfterHeaders()), want: heals(a1(heal.ReasonPeekTimeout), b1(heal.ReasonOK))},
	{name: "silence before headers at the first", script: once(fakegemini.SilentBeforeHeaders()), want: heals(a1(heal.ReasonPeekTimeout), b1(heal.ReasonOK))},
	{name: "reset while held at the first, always", script: again(3, fakegemini.ResetAfterHeaders()), want: heals(a1(heal.ReasonClientGone), b1(heal.ReasonOK))},
	{name: "heartbeats at the first, next request", script: once(fakegemini.Heartbeats(50*time.Millisecond, 0)), before: true, want: want{sees: seesGood, tries: []try{b1(heal.ReasonOK)}, passed: failedOfLate}},
	{name: "503 at the first, next request", script: again(2, fakegemini.Status(503)), before: true, want: want{sees: seesGood, tries: []try{b1(heal.ReasonOK)}, passed: failedOfLate}},
	{name: "503 at the first, once, next request", script: once(fakegemini.Status(503)), before: true, want: heals(a1(heal.ReasonOK))},
	{name: "silence at the first, quota of the day at the second", script: once(fakegemini.SilentAfterHeaders()), second: once(quotaOfTheDay),
		want: heals(a1(heal.ReasonPeekTimeout), b1(heal.ReasonQuota), a1(heal.ReasonOK))},
	{name: "silence at both", script: once(fakegemini.SilentAfterHeaders()), second: once(fakegemini.SilentAfterHeaders()),
		want: heals(a1(heal.ReasonPeekTimeout), b1(heal.ReasonPeekTimeout), b1(heal.ReasonOK))},
	{name: "503 with a short delay at the first", script: once(fakegemini.Status(503, fakegemini.RetryDelay("1s"))), want: heals(a1(heal.ReasonOverloaded), b1(heal.ReasonOK))},
	{name: "429 with a short delay at the first, next request", script: once(fakegemini.Status(429, fakegemini.RetryDelay("2s"))), before: true,
		want: want{sees: seesGood, tries: []try{b1(heal.ReasonOK)}, passed: coolingDown}},
}

// One backend with one account: nothing else is left for the last attempt.
var lastFaults = []fault{
	{name: "503 twice", script: again(2, fakegemini.Status(503)), want: heals(a1(heal.ReasonOverloaded), a1(heal.ReasonOverloaded), lite(a1(heal.ReasonOK)))},
	{name: "500 twice", script: again(2, fakegemini.Status(500)), want: heals(a1(heal.ReasonServerError), a1(heal.ReasonServerError), lite(a1(heal.ReasonOK)))},
	{name: "no answer, twice", script: again(2, fakegemini.EmptyOK()), want: heals(a1(heal.ReasonPeekEOF), a1(heal.ReasonPeekEOF), lite(a1(heal.ReasonOK)))},
	{name: "silence, twice", script: again(2, fakegemini.SilentAfterHeaders()), want: heals(a1(heal.ReasonPeekTimeout), a1(heal.ReasonPeekTimeout), lite(a1(heal.ReasonOK)))},
	{name: "429 without a delay, twice", script: again(2, fakegemini.Status(429)), want: heals(a1(heal.ReasonRateLimit), a1(heal.ReasonRateLimit), lite(a1(heal.ReasonOK)))},
	{name: "429 with a short delay, twice", script: again(2, fakegemini.Status(429, fakegemini.RetryDelay("1s"))), want: heals(a1(heal.ReasonRateLimit), a1(heal.ReasonRateLimit), lite(a1(heal.ReasonOK)))},
	{name: "429 with a short delay, once", script: once(fakegemini.Status(429, fakegemini.RetryDelay("1s"))), want: heals(a1(heal.ReasonRateLimit), a1(heal.ReasonOK))},
	{name: "429 with a short delay, next request", script: again(2, fakegemini.Status(429, fakegemini.RetryDelay("3s"))), before: true,
		want: want{sees: seesGood, tries: []try{lite(a1(heal.ReasonOK))}, passed: coolingDown}},
	{name: "reset while held", script: once(fakegemini.ResetAfterHeaders()), want: heals(a1(heal.ReasonClientGone), lite(a1(heal.ReasonOK)))},
	{name: "503, once", script: once(fakegemini.Status(503)), want: heals(a1(heal.ReasonOverloaded), a1(heal.ReasonOK))},
}
