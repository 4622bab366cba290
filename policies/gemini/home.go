package gemini

// Home says which of Google's two APIs have a tool or setting: one, or both.
type Home struct {
	only bool
	kind Kind
}

// The homes of what only one API has.
var (
	OnlyStudio = Home{true, AIStudio}
	OnlyVertex = Home{true, Vertex}
)

// MissingAt reports whether an API lacks it.
func (h Home) MissingAt(kind Kind) bool { return h.only && h.kind != kind }

// Name is the name of the only API that has it.
func (h Home) Name() string {
	if h.kind == Vertex {
		return "Vertex AI"
	}
	return "AI Studio"
}

// toolHomes are the tools that one API alone has.
var toolHomes = map[string]Home{
	"fileSearch": OnlyStudio, "mcpServers": OnlyStudio,
	"retrieval": OnlyVertex, "enterpriseWebSearch": OnlyVertex, "parallelAiSearch": OnlyVertex,
}

// ToolHome returns the home of a tool by its name in camelCase.
func ToolHome(name string) Home { return toolHomes[name] }

// settingHomes are the members of tools that one API alone takes.
var settingHomes = map[string]Home{
	"functionDeclarations.behavior":   OnlyStudio,
	"googleSearch.timeRangeFilter":    OnlyStudio,
	"googleSearch.excludeDomains":     OnlyVertex,
	"googleSearch.blockingConfidence": OnlyVertex,
	"googleMaps.authConfig":           OnlyVertex,
}

// SettingHome returns the home of a member of a tool, such as
// googleMaps.authConfig.
func SettingHome(path string) Home { return settingHomes[path] }
