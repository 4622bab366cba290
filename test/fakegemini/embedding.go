package fakegemini

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
)

// What Google's services take in one request for embeddings.
const (
	mostInBatch   = 100
	mostInPredict = 250
	longestVector = 3072
)

// requestNames are the messages of methods other than generateContent.
var requestNames = map[method]string{
	count: "CountTokensRequest", embed: "EmbedContentRequest", batch: "BatchEmbedContentsRequest", predict: "PredictRequest",
}

// embeds reports whether the method makes vectors; AI Studio has no predict.
func (t target) embeds() bool {
	return t.method == embed || t.method == batch || t.method == predict && t.vertex
}

// inputs are the requests for one vector each; of predict, its instances.
func (j *validator) inputs() []*node {
	switch j.target.method {
	case batch:
		return j.body.get("requests").list()
	case predict:
		return j.body.get("instances").list()
	}
	return []*node{j.body}
}

// embedding examines a well-formed request for embeddings.
func (j *validator) embedding() *apiError {
	refuse := func(format string, args ...any) *apiError {
		e := newError(400, fmt.Sprintf(format, args...))
		return &e
	}
	inputs := j.inputs()
	most := mostInPredict
	if j.opts.OneInstance {
		most = 1
	}
	switch n := len(inputs); {
	case n == 0 && j.target.method == batch:
		return refuse("* BatchEmbedContentsRequest.requests: requests is not specified\n")
	case n == 0:
		return refuse("Invalid instances: instances are not specified.")
	case j.target.method == batch && n > mostInBatch:
		return refuse("* BatchEmbedContentsRequest.requests: at most %d requests can be in one batch\n", mostInBatch)
	case j.target.method == predict && n > most:
		return refuse("Unable to submit request because it included too many instances. Reduce the number of instances and try again. Unable to submit request because batchSize must be %d but the entered value was %d. Update the batchSize value and try again.", most, n)
	}
	for i, in := range inputs {
		at := "EmbedContentRequest"
		if j.target.method == batch {
			at = fmt.Sprintf("BatchEmbedContentsRequest.requests[%d]", i)
		}
		named := in.get("model").str()
		switch d := j.dimensions(in); {
		case j.target.method == batch && !j.target.vertex && named == "":
			return refuse("* %s.model: unexpected model name format\n", at)
		case named != "" && named != "models/"+j.target.model:
			return refuse("* %s.model: must be models/%s, the model of the URL, not %q.\n", at, j.target.model, named)
		case textOf(in) == "":
			return refuse("* %s.content: contents is not specified\n", at)
		case d < 1 || d > longestVector:
			return refuse("* %s.output_dimensionality: must be between 1 and %d\n", at, longestVector)
		}
	}
	return nil
}

// dimensions is the length of the vector that an input asks for.
func (j *validator) dimensions(in *node) int {
	from := in
	switch {
	case j.target.method == predict:
		from = j.body.get("parameters")
	case j.target.vertex:
		from = in.get("embedContentConfig")
	}
	asked := from.get("outputDimensionality")
	if asked == nil {
		return longestVector
	}
	n, err := strconv.Atoi(asked.literal())
	if err != nil {
		return 0
	}
	return n
}

// textOf is what an input says; of media, their data.
func textOf(in *node) string {
	content := in.get("content")
	text := content.str()
	for _, p := range content.get("parts").list() {
		text += p.get("text").str() + p.get("inlineData").get("data").str()
	}
	return text
}

// Embed is the vector that the fake makes of a text. It has length 1 in full;
// of a shorter one only gemini-embedding-2 makes that.
func Embed(model, text string, dimensions int) []float64 {
	sum := sha256.Sum256([]byte(text))
	random := rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16]))) //nolint:gosec // the same for each run
	vector, square := make([]float64, longestVector), 0.0
	for i := range vector {
		vector[i] = random.NormFloat64()
		if square += vector[i] * vector[i]; i+1 == dimensions && strings.HasPrefix(model, "gemini-embedding-2") {
			break
		}
	}
	vector = vector[:dimensions]
	for i := range vector {
		vector[i] /= math.Sqrt(square)
	}
	return vector
}

// embedReply answers with one vector for each input.
func embedReply(j *validator) Reply {
	inputs, total := j.inputs(), 0
	vectors := make([]string, len(inputs))
	for i, in := range inputs {
		text := textOf(in)
		tokens := (len(text) + 3) / 4
		total += tokens
		numbers := make([]string, 0, longestVector)
		for _, v := range Embed(j.target.model, text, j.dimensions(in)) {
			numbers = append(numbers, strconv.FormatFloat(v, 'g', 8, 64))
		}
		vectors[i] = `{"values":[` + strings.Join(numbers, ",") + `]`
		if j.target.method == predict {
			vectors[i] += fmt.Sprintf(`,"statistics":{"truncated":false,"token_count":%d}`, tokens)
		}
		vectors[i] += "}"
	}
	usage := fmt.Sprintf(`"usageMetadata":{"promptTokenCount":%d}`, total)
	doc := ""
	switch j.target.method {
	case embed:
		doc = `{"embedding":` + vectors[0] + "," + usage + "}"
	case batch:
		doc = `{"embeddings":[` + strings.Join(vectors, ",") + "]," + usage + "}"
	default:
		doc = `{"predictions":[{"embeddings":` + strings.Join(vectors, `},{"embeddings":`) + `}],"metadata":{"billableCharacterCount":` + strconv.Itoa(total*4) + `}}`
	}
	header := http.Header{"Content-Type": {"application/json; charset=UTF-8"}}
	return Raw(http.StatusOK, header, indented(doc)).named("embeddings")
}
