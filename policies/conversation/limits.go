package conversation

// Limits on what one request may hold, besides its size in bytes. Decoders
// check them as they read, before memory is spent: many short entries take far
// more memory than their bytes. A million tokens, which is what a model reads,
// fill them with 50 tokens an entry; recorded requests of coding agents have
// some hundred entries.
const (
	// MaxMessages is how many messages, items or contents a request may have.
	MaxMessages = 20_000
	// MaxParts is how many content parts all messages may have together, calls
	// and the parts within tool results included. Entries of other lists that
	// are read one by one, such as stop sequences, count as parts.
	MaxParts = 20_000
	// FreeEntries messages and parts together are allowed in any body, and one
	// more for each BytesPerEntry bytes of it: so memory is proportional to the
	// body. The shortest messages of clients have 30 bytes, those of agents
	// hundreds.
	FreeEntries   = 2_500
	BytesPerEntry = 48
	// MaxTools is how many tools a request may declare, repetitions included. The
	// upstream takes 512 different ones.
	MaxTools = 4096
	// MaxModel is how long a model's name may be, in bytes; the longest known
	// has 60.
	MaxModel = 256
)
