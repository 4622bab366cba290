package chat

// own is passed from the decoder to the encoder: how the reply must be shaped.
type own struct {
	usage  bool // stream_options.include_usage
	legacy bool // the client knows functions but not tools
	// freeform are the names of tools that take text instead of arguments;
	// nil if there are none.
	freeform map[string]bool
	// thoughtTag encloses thoughts in the text instead of setting them apart;
	// "" for none.
	thoughtTag string
	cites      bool // the answer may cite pages
}
