package allow

// Field is a field of the upstream's requests that names a resource, and the
// setting that decides on it.
type Field struct {
	// Path is the field in GenerateContentRequest, of either of Google's APIs.
	Path string
	// Setting is the policy's setting.
	Setting string
	Why     string
}

// Fields are all that name a resource. Clients of other APIs reach some of them
// by their own fields; the same rules hold.
var Fields = []Field{
	{"contents[].parts[].fileData.fileUri", "allow.file_uris", "read with the account's rights: buckets, uploaded files"},
	{"contents[].parts[].functionResponse.parts[].fileData.fileUri", "allow.file_uris", "the same within a tool's result"},
	{"systemInstruction.parts[].fileData.fileUri", "allow.file_uris", "the same in the system text"},
	{"systemInstruction.parts[].functionResponse.parts[].fileData.fileUri", "allow.file_uris", "the same in a tool's result there"},
	{"contents[].parts[].functionCall.parts[].fileData.fileUri", "allow.file_uris", "no field of today's API; a fileUri counts wherever it stands but in args, response and schemas"},
	{"contents[].parts[].toolResponse.parts[].fileData.fileUri", "allow.file_uris", "likewise"},
	{"cachedContent", "allow.cached_contents", "text that somebody else may have cached"},
	{"tools[].googleSearch", "allow.tools", "searches the web; allowed by default"},
	{"tools[].googleSearchRetrieval", "allow.tools", "searches the web; allowed by default"},
	{"tools[].enterpriseWebSearch", "allow.tools", "searches the web; allowed by default"},
	{"tools[].googleMaps", "allow.tools", "searches places; allowed by default"},
	{"tools[].urlContext", "allow.tools", "reads public pages; allowed by default"},
	{"tools[].codeExecution", "allow.tools", "runs code in a sandbox; allowed by default"},
	{"tools[].computerUse", "allow.tools", "the client runs it; allowed by default"},
	{"tools[].mcpServers", "allow.tools", "calls servers that the request names, with the request's credentials; allowed by default"},
	{"tools[].fileSearch", "allow.tools", "reads stores of the account's project (fileSearchStoreNames)"},
	{"tools[].retrieval", "allow.tools", "reads data stores, corpora and endpoints with the project's rights (vertexAiSearch, vertexRagStore, externalApi)"},
	{"tools[].*", "allow.tools", "any other tool but functionDeclarations, by its name in snake_case"},
	{"safetySettings", "allow.safety", "thresholds, which clients may set by default"},
	{"modelArmorConfig", "allow.safety", "templates of a project, instead of those that the project has set"},
	{"labels", "allow.labels", "what the project's bill is broken down by; left out by default"},
	{"store", "allow.labels", "overrides whether the project logs requests; left out by default"},
	{"serviceTier", "allow.tiers", "priority costs more than the standard tier; left out by default"},
}
