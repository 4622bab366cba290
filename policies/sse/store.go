package sse

// store collects bytes that must outlive their chunk. Returned bytes stay in
// place until release, so frames are valid until the next Feed.
type store struct {
	buf   []byte
	start int // buf[:start] was handed out
}

func (s *store) len() int      { return len(s.buf) - s.start }
func (s *store) bytes() []byte { return s.buf[s.start:] }
func (s *store) add(b []byte)  { s.buf = append(s.buf, b...) }

// drop returns the bytes collected so far; new ones are collected behind them.
func (s *store) drop() []byte {
	b := s.buf[s.start:len(s.buf):len(s.buf)]
	s.start = len(s.buf)
	return b
}

// release reuses the memory of what was returned.
func (s *store) release() {
	if s.start > 0 {
		s.buf = s.buf[:copy(s.buf, s.buf[s.start:])]
		s.start = 0
	}
}
