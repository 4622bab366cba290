package tool

import "github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"

const (
	theSearch    = "the upstream's search; allow.tools decides"
	oldSearch    = "the upstream's search, which has no such settings any more: they are left out with a warning"
	thePages     = "the upstream reads the pages that the prompt names"
	theCode      = "the upstream runs code"
	theMaps      = "the upstream's search for places; around latitude and longitude, if they are among its settings"
	vertexSearch = "the upstream's search for companies; only Vertex AI has it"
	theComputer  = "the client runs the calls; settings as they are"
	theStores    = "stores of the account; only AI Studio has it"
	theCorpora   = "data stores of the project; only Vertex AI has it"
	noServers    = "MCP servers are not connected to; let the client do it"
)

// googleFields are the members of a tool in Google's words, which may hold
// several tools.
var googleFields = &jsonwalk.Table{Name: "Gemini tool", Fields: []jsonwalk.Field{
	{"googleSearch", jsonwalk.Map, theSearch},
	{"google_search", jsonwalk.Map, theSearch},
	{"googleSearchRetrieval", jsonwalk.Map, oldSearch},
	{"google_search_retrieval", jsonwalk.Map, oldSearch},
	{"enterpriseWebSearch", jsonwalk.Map, vertexSearch},
	{"enterprise_web_search", jsonwalk.Map, vertexSearch},
	{"urlContext", jsonwalk.Map, thePages},
	{"url_context", jsonwalk.Map, thePages},
	{"codeExecution", jsonwalk.Map, theCode},
	{"code_execution", jsonwalk.Map, theCode},
	{"googleMaps", jsonwalk.Map, theMaps},
	{"google_maps", jsonwalk.Map, theMaps},
	{"computerUse", jsonwalk.Map, theComputer},
	{"computer_use", jsonwalk.Map, theComputer},
	{"fileSearch", jsonwalk.Map, theStores},
	{"file_search", jsonwalk.Map, theStores},
	{"retrieval", jsonwalk.Map, theCorpora},
	{"functionDeclarations", jsonwalk.Map, "functions"},
	{"function_declarations", jsonwalk.Map, "functions"},
	{"mcpServers", jsonwalk.Map, "left out with a warning: " + noServers},
	{"mcp_servers", jsonwalk.Map, "left out with a warning: " + noServers},
	{"type", jsonwalk.Drop, ""},
	{"name", jsonwalk.Drop, "the tool has one of its own"},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

// googleNames are the tools that a type alone may name, or a function without
// description and parameters. The others share their names with tools of other
// services, or say too little for a function's.
var googleNames = &jsonwalk.Table{Name: "Gemini tool by its type, or by the name of an empty function", Fields: []jsonwalk.Field{
	{"googleSearch", jsonwalk.Map, theSearch},
	{"google_search", jsonwalk.Map, theSearch},
	{"googleSearchRetrieval", jsonwalk.Map, oldSearch},
	{"google_search_retrieval", jsonwalk.Map, oldSearch},
	{"enterpriseWebSearch", jsonwalk.Map, vertexSearch},
	{"enterprise_web_search", jsonwalk.Map, vertexSearch},
	{"urlContext", jsonwalk.Map, thePages},
	{"url_context", jsonwalk.Map, thePages},
	{"codeExecution", jsonwalk.Map, theCode},
	{"code_execution", jsonwalk.Map, theCode},
	{"googleMaps", jsonwalk.Map, theMaps},
	{"google_maps", jsonwalk.Map, theMaps},
}}
