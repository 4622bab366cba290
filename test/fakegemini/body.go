package fakegemini

import (
	"compress/gzip"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

// maxBody bounds a request, before and after decompression; inline media on
// the real API may reach 100 MiB.
const maxBody = 128 << 20

// readBody reads the whole request body, decompressed.
func readBody(r *http.Request) ([]byte, *apiError) {
	raw, err := readLimited(r.Body)
	if err != nil {
		return nil, bodyError(400, "Request body could not be read: %v", err)
	}
	switch encoding := r.Header.Get("Content-Encoding"); strings.ToLower(encoding) {
	case "", "identity":
	case "gzip":
		if raw, err = gunzip(raw); err != nil {
			return raw, bodyError(400, "Request body is not valid gzip: %v", err)
		}
	default:
		return raw, bodyError(400, "Unsupported content encoding %q.", encoding)
	}
	if len(raw) > maxBody {
		return raw[:0], bodyError(413, "Request payload size exceeds the limit: %d bytes.", maxBody)
	}
	return raw, checkContentType(r)
}

// checkContentType insists on JSON: Google takes other types for form data.
func checkContentType(r *http.Request) *apiError {
	header := r.Header.Get("Content-Type")
	kind, params, err := mime.ParseMediaType(header)
	if err != nil || kind != "application/json" {
		return bodyError(400, "Invalid content type %q: expected application/json.", header)
	}
	if cs := params["charset"]; cs != "" && !strings.EqualFold(cs, "utf-8") {
		return bodyError(400, "Invalid content type %q: expected charset UTF-8.", header)
	}
	return nil
}

func readLimited(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, maxBody+1))
}

func gunzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(strings.NewReader(string(b)))
	if err != nil {
		return nil, err
	}
	return readLimited(z)
}

func bodyError(code int, format string, args ...any) *apiError {
	e := newError(code, fmt.Sprintf(format, args...))
	return &e
}
