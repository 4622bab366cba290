package exchange

// share is what one attempt holds of the process's memory.
type share struct {
	of     *InFlight
	bytes  int64
	use    use
	tenant string // whose body arrives; "" where nobody is told apart
}

// use is what bytes are held for.
type use int8

const (
	// made: a request is made of them, or an answer.
	made use = iota
	// arriving: a body that arrives, within collectShare.
	arriving
	// arrivingPast: a small one that arrives past it.
	arrivingPast
	// arrivingAlone: one that grows past it while no other does.
	arrivingAlone
)

// count adds n bytes of a share. The caller holds f.mu.
func (f *InFlight) count(s *share, n int64) {
	f.held.Add(n)
	if s.use == made {
		return
	}
	f.collected.Add(n)
	if s.use == arriving {
		f.reserved.Add(n)
	}
	if s.use == arrivingAlone || s.tenant == "" {
		return
	}
	if f.tenants == nil {
		f.tenants = map[string]int64{}
	}
	if f.tenants[s.tenant] += n; f.tenants[s.tenant] == 0 {
		delete(f.tenants, s.tenant)
	}
}

// change sets the share to n bytes, held for the use to, if they fit; otherwise
// the share stays the same. Reducing a share of use made always fits.
func (s *share) change(n int64, to use, fits func(n int64) bool) bool {
	f := s.of
	if f == nil {
		return true
	}
	n = n / grain * grain
	if n == s.bytes && to == s.use {
		return true // nearly always: small streams never take the lock
	}
	freed := n < s.bytes || to != s.use
	f.mu.Lock()
	fit := to == made && n <= s.bytes || fits(n)
	if fit {
		f.count(s, -s.bytes)
		s.bytes, s.use = n, to
		f.count(s, n)
	}
	f.mu.Unlock()
	if fit && freed {
		f.wakeWaiting()
	}
	return fit
}

// set sets the share of use made to n bytes, and reports whether they fit.
func (s *share) set(n int64, isNew bool) bool {
	return s.change(n, made, func(n int64) bool { return s.fits(n, isNew) || s.of.held.Load() == s.of.collected.Load() })
}

// setBody is set for a request's body. A body that is larger than the bound is
// taken only while nothing else is held; otherwise it could never be. It may
// also grow then, while it is decompressed.
func (s *share) setBody(n int64, isNew bool) bool {
	return s.change(n, made, func(n int64) bool { return s.fitsBody(n, isNew) })
}

// roomForBody reports whether setBody would succeed now.
func (s *share) roomForBody(n int64, isNew bool) bool {
	f := s.of
	if f == nil {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return s.fitsBody(n, isNew)
}

func (s *share) fitsBody(n int64, isNew bool) bool {
	others := s.of.held.Load() - s.of.collected.Load()
	if s.use == made {
		others -= s.bytes
	}
	return others == 0 || s.fits(n, isNew)
}

// fits reports whether the share may be n bytes, beside what others hold. Bytes
// within collectShare do not count: they have room of their own, so that bodies
// which arrive, or wait for each other, keep no other request from being served.
func (s *share) fits(n int64, isNew bool) bool {
	limit := s.of.limit.Load()
	if isNew {
		limit = limit / 100 * newShare
	}
	others := s.of.held.Load() - s.of.reserved.Load()
	if s.use != arriving {
		others -= s.bytes
	}
	return limit == 0 || others+n <= limit
}

// fitsReserve reports whether an arriving body may be n bytes within
// collectShare.
func (s *share) fitsReserve(n int64) bool {
	limit, others := s.of.limit.Load(), s.of.reserved.Load()
	if s.use == arriving {
		others -= s.bytes
	}
	return limit == 0 || others+n <= limit/collectShare && s.ofTenant(n) <= limit/tenantShare
}

// fitsPast reports whether a small body may be n bytes past collectShare.
func (s *share) fitsPast(n int64, isNew bool) bool {
	limit := s.of.limit.Load()
	return n <= smallBody && s.fits(n, isNew) && (limit == 0 || s.ofTenant(n) <= limit/collectShare)
}

// fitsAlone reports whether a body may be n bytes while no other grows past
// collectShare. It is taken, however large, as long as nothing else is held.
func (s *share) fitsAlone(n int64, isNew bool) bool {
	return s.of.held.Load() == s.bytes || s.fits(n, isNew)
}

// ofTenant is how many bytes the tenant's bodies would take if this one took n;
// 0 where tenants are not told apart.
func (s *share) ofTenant(n int64) int64 {
	if s.tenant == "" {
		return 0
	}
	n += s.of.tenants[s.tenant]
	if s.use == arriving || s.use == arrivingPast {
		n -= s.bytes
	}
	return n
}
