package jsonwalk

// Body walks a request body, which must be one object and nothing else. For
// each name, each must read exactly one value. Errors are *conversation.Error,
// as those of each must be, unless they are of its reader.
func (w *Walker) Body(body []byte, each func(r *Reader, name []byte) error) error {
	w.tally.body = len(body)
	var r Reader
	r.Reset(body)
	if r.Kind() != '{' {
		if _, err := r.Value(); err != nil {
			return Syntax(err)
		}
		return w.Invalid("", "The request body should be a JSON object")
	}
	if err := r.Object(func(name []byte) error { return each(&r, name) }); err != nil {
		return Syntax(err)
	}
	if err := r.End(); err != nil {
		return Syntax(err)
	}
	return nil
}
