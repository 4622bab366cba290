package conversation

import "fmt"

// MaxInputs is how many inputs one request for embeddings may have: OpenAI's
// limit, the largest of the APIs.
const MaxInputs = 2048

// Embedding is what a request for embeddings asks for. A Request that has one
// asks for nothing else.
type Embedding struct {
	// Inputs each get one vector, in their order.
	Inputs []EmbeddingInput
	// List is the client's name of the list of inputs; "" if there is only one,
	// which the client calls Each.
	List string
	// Each is the field of an element of the list that holds its content; "" if
	// that is the element itself.
	Each string
}

// EmbeddingInput is one content to embed, and how.
type EmbeddingInput struct {
	// Parts are texts and media, which make one vector together.
	Parts []Part
	// Task is what the vector is for, in the upstream's words, and Title that of
	// a document; nil if the client gave none.
	Task, Title Text
	// Dimensions is the wanted length of the vector; nil for the model's own.
	Dimensions *int
	// Truncate says whether an input that is too long is cut; nil for the
	// upstream's choice.
	Truncate *bool
}

// Size is about how long the input is, in bytes.
func (in *EmbeddingInput) Size() (n int) {
	for i := range in.Parts {
		p := &in.Parts[i]
		n += len(p.Text)
		if p.Media != nil {
			n += len(p.Media.Data)
		}
	}
	return n
}

// Vector is the embedding of one input.
type Vector struct {
	// Values are a JSON array of numbers, as upstream has written them: at
	// least one, and not all of them zero.
	Values Raw
	// Tokens are those of the input, and Truncated says that it was cut.
	Tokens    int
	Truncated bool
}

// Embeddings is the reply to a request for embeddings.
type Embeddings struct {
	// Vectors are in the order of the inputs.
	Vectors []Vector
	// Tokens are those of all inputs.
	Tokens int
	// Estimated says that upstream did not report all of them.
	Estimated bool
}

// withoutInputs is the embedding without its inputs.
func (e *Embedding) withoutInputs() *Embedding {
	if e == nil {
		return nil
	}
	return &Embedding{List: e.List, Each: e.Each}
}

// Place is where the client wrote input i.
func (e *Embedding) Place(i int) string {
	switch {
	case e.List == "":
		return e.Each
	case e.Each == "":
		return fmt.Sprintf("%s[%d]", e.List, i)
	}
	return fmt.Sprintf("%s[%d].%s", e.List, i, e.Each)
}
