// Package hedge decides when a slow attempt is sent to the provider a second
// time (`hedge`). Envoy sends it, and takes the first good reply of the two.
//
//   - [Delay] is the setting: after how long, fixed or as a quantile.
//   - [Times] remembers how long each model at each backend took until its
//     headers came, for the quantile.
//   - [Budget] keeps the duplicates at a tenth of the requests. Envoy's retry
//     budget on the provider's cluster bounds how many there are at a time; it
//     knows nothing of the requests that came before.
//
// # Times that are cut short
//
// Where the duplicate wins, the first sending is canceled, and its time is
// never known, only that it was longer than the winner took. Leaving such times
// out would drop the slowest ones, and counting them as complete would make
// them faster than they were. Either way the quantile, and with it the delay,
// would sink, more duplicates would be sent, and more times would be cut. So
// they are kept as lower bounds, and the quantile is that of the Kaplan-Meier
// estimate of the distribution, which is made for times that were cut short.
// The time of the duplicate itself is not counted: only quick ones win.
//
// The estimate assumes that the moment of the cut is independent of the true
// time. If both sendings are slow for the same reason (a long prompt), that is
// not quite true, and the quantile is somewhat too low; the budgets hold
// anyway.
package hedge
