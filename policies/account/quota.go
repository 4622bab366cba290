package account

import (
	"strconv"
	"strings"
)

// Quota is one violation of a google.rpc.QuotaFailure, as upstream wrote it.
type Quota struct {
	ID     string // quotaId, as GenerateRequestsPerMinutePerProjectPerModel-FreeTier
	Metric string // quotaMetric
	Value  string // quotaValue; "" if it was not stated
	// Dimensions are quotaDimensions, as location and model.
	Dimensions map[string]string
}

// LimitKind is what a limit counts.
type LimitKind uint8

// The kinds. NoLimitKind is everything that a group is not limited by here: a
// tool's quota, output tokens, tokens per day.
const (
	NoLimitKind LimitKind = iota
	RequestsPerMinute
	TokensPerMinute // input tokens
	RequestsPerDay
)

// Limit says which limit was hit, and for which model: that of the dimensions,
// or else the one that was asked. value is −1 if it was not stated.
func (q Quota) Limit(asked string) (kind LimitKind, value int64, model string) {
	value, err := strconv.ParseInt(q.Value, 10, 64)
	if err != nil || value < 0 {
		value = -1
	}
	if model = q.Dimensions["model"]; model == "" {
		model = asked
	}
	return q.kind(), value, model
}

// kind reads the names. They come in two styles, PerDay and per_day.
func (q Quota) kind() LimitKind {
	name := strings.ToLower(strings.ReplaceAll(q.ID+" "+q.Metric, "_", ""))
	has := func(s string) bool { return strings.Contains(name, s) }
	switch {
	case has("grounding"):
	case has("token"):
		if has("inputtoken") && has("perminute") {
			return TokensPerMinute
		}
	case has("request") && has("perday"):
		return RequestsPerDay
	case has("request") && has("perminute"):
		return RequestsPerMinute
	}
	return NoLimitKind
}
