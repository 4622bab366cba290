package conversation

// Limits on what one request may hold, besides its size in bytes. Decoders
// check them as they read, before memory is spent: what says little in many
// entries takes far more memory than bytes. A million tokens, which is what a
// model reads, fill them with 50 tokens an entry; recorded requests of coding
// agents have some hundred entries.
const (
	// MaxMessages is how many messages, items or contents a request may have.
	MaxMessages = 20_000
	// MaxParts is how many content parts all messages may have together, calls
	// and the parts within tool results included. Entries of other lists that
	// are read one by one, such as stop sequences, count as parts.
	MaxParts = 20_000
	// FreeEntries messages and parts together may be as short as they like. Of
	// further ones there may be one for each BytesPerEntry bytes of the body:
	// so memory follows the body, by which gateways and budgets measure. The
	// shortest messages of clients have 30 bytes, those of agents hundreds.
	FreeEntries   = 2_500
	BytesPerEntry = 48
	// MaxTools is how many tools a request may declare, also several times. The
	// upstream takes 512 different ones.
	MaxTools = 4096
	// MaxModel is how long a model's name may be, in bytes; the longest known
	// has 60.
	MaxModel = 256
)
