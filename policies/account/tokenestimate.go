package account

// EstimateTokens estimates the input tokens of a request of a tenant for a model:
// its text has so many bytes, its media so many tokens. It learns from Counted.
func (p *Accounts) EstimateTokens(tenant, model string, text, media int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.estimator.Tokens(tenant, model, text, media)
}

// Counted notes how many input tokens a request really had.
func (p *Accounts) Counted(tenant, model string, text, media, tokens int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.estimator.Note(tenant, model, text, media, tokens)
}
