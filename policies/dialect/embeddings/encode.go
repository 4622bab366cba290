package embeddings

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Embeddings is the feature of dialect.Features.
func (d *Dialect) Embeddings(req *conversation.Request, e *conversation.Embeddings) []byte {
	note, _ := req.Own.(own)
	dst := []byte(`{"object":"list","data":[`)
	var values []float32
	for i := range e.Vectors {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(append(dst, `{"object":"embedding","index":`...), int64(i), 10)
		dst = append(dst, `,"embedding":`...)
		values = unit(values[:0], e.Vectors[i].Values)
		if note.base64 {
			dst = appendBase64(dst, values)
		} else {
			dst = appendNumbers(dst, values)
		}
		dst = append(dst, '}')
	}
	dst = jsonwalk.AppendString(append(dst, `],"model":`...), req.Model)
	dst = strconv.AppendInt(append(dst, `,"usage":{"prompt_tokens":`...), int64(e.Tokens), 10)
	dst = strconv.AppendInt(append(dst, `,"total_tokens":`...), int64(e.Tokens), 10)
	return append(dst, `}}`...)
}

// unit appends the vector that the upstream returned, scaled to length 1.
func unit(dst []float32, values []byte) []float32 {
	var numbers []float64
	largest := 0.0
	var r jsonwalk.Reader
	r.Reset(values)
	_ = r.Array(func(int) error { // it was checked to be a list of numbers, not all zero
		v, err := r.Value()
		if err != nil {
			return err
		}
		n, err := strconv.ParseFloat(string(v), 64)
		numbers, largest = append(numbers, n), max(largest, math.Abs(n))
		return err
	})
	square := 0.0
	for i := range numbers { // the squares of larger numbers would overflow
		numbers[i] /= largest
		square += numbers[i] * numbers[i]
	}
	length := math.Sqrt(square)
	for _, n := range numbers {
		dst = append(dst, float32(n/length))
	}
	return dst
}

func appendNumbers(dst []byte, values []float32) []byte {
	dst = append(dst, '[')
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = jsontext.AppendFloat(dst, float64(v), 32)
	}
	return append(dst, ']')
}

// appendBase64 appends the bytes of little-endian 32-bit floats.
func appendBase64(dst []byte, values []float32) []byte {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	dst = base64.StdEncoding.AppendEncode(append(dst, '"'), raw)
	return append(dst, '"')
}
