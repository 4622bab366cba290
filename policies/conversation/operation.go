package conversation

// Operation is what is asked of a model.
type Operation uint8

// The operations.
const (
	Generate    Operation = iota // an answer from a model
	CountTokens                  // how many tokens the same request would be
	Embed                        // vectors of texts
)
