package fakegemini

// signatures checks every thought signature of the request and, on Gemini 3
// and later, that the current turn has those it needs.
func (j *validator) signatures() {
	if j.target.method == count {
		return // counting runs no model
	}
	contents := j.body.get("contents").list()
	start := turnStart(contents)
	for i, c := range contents {
		j.contentSignatures(c, i >= start, i+1)
	}
}

// turnStart is the index after the last user content with text or media and no
// answer: from there on signatures are required.
func turnStart(contents []*node) int {
	for i := len(contents) - 1; i >= 0; i-- {
		if role(contents[i]) != "user" {
			continue
		}
		answers, other := 0, 0
		for _, p := range contents[i].get("parts").list() {
			if p.get("functionResponse") != nil {
				answers++
			} else if dataField(p) != "" {
				other++
			}
		}
		if answers == 0 && other > 0 {
			return i + 1
		}
	}
	return 0
}

// contentSignatures takes the position counted from 1, as the API's texts do.
func (j *validator) contentSignatures(c *node, current bool, position int) {
	calls := 0
	for i, p := range c.get("parts").list() {
		signature := p.get("thoughtSignature").str()
		call := p.get("functionCall")
		if call != nil {
			calls++
		}
		switch {
		case signature != "" && p.get("functionResponse") != nil:
			j.fault(RuleSignature, "Thought signature is not supported on function_response parts.")
		case signature != "":
			j.oneSignature(signature, p)
		case call != nil && calls == 1 && current && j.cap.signs():
			j.missingSignature(call.get("name").str(), position)
		case p.get("inlineData") != nil && role(c) == "model" && j.cap.output == imageOut && j.cap.signs():
			j.fault(RuleSignature, "Image part is missing a thought_signature in content position %d, part position %d. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.", position, i+1)
		}
	}
}

func (j *validator) missingSignature(name string, position int) {
	if j.target.vertex {
		j.fault(RuleSignature, "Unable to submit request because function call `default_api:%s` in the %d. content block is missing a `thought_signature`. Learn more: https://docs.cloud.google.com/vertex-ai/generative-ai/docs/thought-signatures", name, position)
		return
	}
	j.fault(RuleSignature, "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. Additional data, function call `default_api:%s` , position %d. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.", name, position)
}

// oneSignature checks a signature that is there. Models before 3 keep theirs
// optional and unchecked, yet never take the placeholder amiss.
func (j *validator) oneSignature(signature string, p *node) {
	if j.opts.PresenceOnly || !j.cap.signs() {
		return
	}
	kind, subject := signedText, []byte(nil)
	if call := p.get("functionCall"); call != nil {
		args := "{}"
		if a := call.get("args"); a != nil {
			args = a.json()
		}
		kind, subject = signedCall, callSubject(call.get("name").str(), []byte(args))
	}
	if blob := p.get("inlineData"); blob != nil {
		data, _ := decodeBytes(blob.get("data").str()) // checked before
		kind, subject = signedImage, append([]byte{}, data...)
	}
	switch j.signer.check(signature, kind, j.target.scope(j.cap), subject) {
	case corrupted:
		j.fault(RuleSignature, "Corrupted thought signature.")
	case misplaced:
		j.fault(RuleSignature, "Invalid thought signature.")
	case placeholder:
		if j.opts.RefusePlaceholder {
			j.fault(RuleSignature, "Invalid thought signature.")
		}
	}
}
