// Package top is what `heald top` shows: how much goes on at a running heald, and
// the state of its accounts, backends and tenants, again and again.
//
// It asks the admin listener for /metrics, of which it keeps the few numbers of a
// [Sample], and for /accounts. Rates are the difference of two samples, so that
// there is none in the first moment, and one that was restarted in between counts
// from 0. On a terminal each picture is drawn over the last one.
package top
