package record

// AddUp sets the sums of what the attempts have used and waited. An unknown price
// makes the sum of the others an estimate.
func (r *Request) AddUp() {
	r.Usage, r.Cost, r.Estimated, r.Waited = nil, nil, false, 0
	var cost int64
	var priced, unpriced bool
	for i := range r.Attempts {
		a := &r.Attempts[i]
		r.Usage = r.Usage.Add(a.Usage)
		r.Waited += a.Waited
		r.Estimated = r.Estimated || a.Estimated || a.Usage != nil && a.Usage.Estimated
		if a.PriceVersion != "" {
			r.PriceVersion = a.PriceVersion
		}
		switch {
		case a.Cost != nil:
			cost, priced = cost+*a.Cost, true
		case a.Usage != nil:
			unpriced = true
		}
	}
	if priced {
		r.Cost, r.Estimated = &cost, r.Estimated || unpriced
	}
}
