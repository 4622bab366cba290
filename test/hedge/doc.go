// Command hedge shows the effect of `hedge`: the times until the first token
// with it and without it, as a table.
//
//	make hedge                            about a minute and a half
//	make hedge ARGS="-requests 400"       quicker, and rougher at p99
//
// First tokens are log-normal, p50 0.8 s and p99 12 s. What counts is how alike
// the two sendings of a request are, so each table is for one correlation of
// their times: 0, if slowness is the provider's and hits any sending; 0.5, if a
// part of it lies in the request; 1, if all of it does, as with long prompts or
// long thinking.
//
// First it is simulated: many requests, with the percentile and the budget of
// heald's own code (policies/hedge). Then it runs: clients, a real Envoy, heald,
// and a provider that takes as long as the distribution says, times divided by
// 20. Every policy of a table meets the same draws. Duplicates are what the
// provider was called more often than there were requests.
//
// Behind Envoy fewer requests are sent twice: at a time, Envoy's budget allows a
// tenth of those under way, or 5, and the first requests only teach heald what
// is slow.
package main
