// Package top is what `heald top` shows: how much traffic a running heald has,
// and the state of its accounts, backends and tenants, again and again.
//
// It asks the admin listener for /metrics, of which it keeps the few numbers of a
// [Sample], and for /accounts. Rates are the difference of two samples, so the
// first picture has none, and after a restart in between they count from 0. On a
// terminal each picture is drawn over the last one.
package top
