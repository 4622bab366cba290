package gemini

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// readDetail reads one element of error.details. They come in any order, and
// the members of each too: the type may stand last.
func (r *statusReader) readDetail(w *walker) error {
	var kind, reason, domain string
	var metadata, violations jsontext.Value
	var delay time.Duration
	err := w.object(func(name []byte) error {
		switch string(name) {
		case "@type":
			return w.string(&kind)
		case "reason":
			return w.string(&reason)
		case "domain":
			return w.string(&domain)
		case "metadata":
			return w.value(&metadata)
		case "retryDelay", "retry_delay":
			return w.duration(&delay)
		case "violations", "fieldViolations", "field_violations":
			return w.value(&violations)
		}
		return w.skip()
	})
	switch kind[strings.LastIndexByte(kind, '.')+1:] {
	case "ErrorInfo":
		if r.st.Reason == "" {
			r.st.Reason, r.st.Domain, r.st.Metadata = reason, domain, stringMap(metadata)
		}
	case "RetryInfo":
		r.retryInfo = max(r.retryInfo, delay)
	case "QuotaFailure":
		r.readQuotas(violations)
	case "BadRequest":
		r.readViolations(violations)
	}
	return err
}

func (r *statusReader) readQuotas(list jsontext.Value) {
	eachObject(list, func(w *walker) error {
		var q Quota
		var dimensions jsontext.Value
		err := w.object(func(name []byte) error {
			switch string(name) {
			case "quotaId", "quota_id":
				return w.string(&q.ID)
			case "quotaValue", "quota_value":
				return w.scalar(&q.Value)
			case "quotaMetric", "quota_metric":
				return w.string(&q.Metric)
			case "quotaDimensions", "quota_dimensions":
				return w.value(&dimensions)
			}
			return w.skip()
		})
		q.Dimensions = stringMap(dimensions)
		if (q.ID != "" || q.Value != "" || q.Metric != "") && len(r.st.Quotas) < maxStatusEntries {
			r.st.Quotas = append(r.st.Quotas, q)
		}
		return err
	})
}

func (r *statusReader) readViolations(list jsontext.Value) {
	eachObject(list, func(w *walker) error {
		var v FieldViolation
		err := w.object(func(name []byte) error {
			switch string(name) {
			case "field":
				return w.string(&v.Field)
			case "description":
				return w.string(&v.Description)
			}
			return w.skip()
		})
		if v != (FieldViolation{}) && len(r.st.Violations) < maxStatusEntries {
			r.st.Violations = append(r.st.Violations, v)
		}
		return err
	})
}

// eachObject calls read before each element of list, which was read before and
// is valid, or is nil.
func eachObject(list jsontext.Value, read func(w *walker) error) {
	if list == nil {
		return
	}
	var w walker
	w.open(list)
	_ = w.array(func() error { return read(&w) })
}

// stringMap reads an object of strings; nil if there are none.
func stringMap(v jsontext.Value) map[string]string {
	if v == nil {
		return nil
	}
	var out map[string]string
	var w walker
	w.open(v)
	_ = w.object(func(name []byte) error {
		var value string
		key := string(name)
		err := w.scalar(&value)
		if out == nil {
			out = map[string]string{}
		}
		if len(out) < maxStatusEntries {
			out[key] = value
		}
		return err
	})
	return out
}
