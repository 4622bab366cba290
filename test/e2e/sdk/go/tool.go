package main

import "encoding/json"

// toolNames are the tools of the loop; both take a city.
var toolNames = []string{"weather", "time"}

func describe(name string) string { return "The " + name + " of a city." }

var toolProperties = map[string]any{"city": map[string]any{"type": "string", "description": "the city"}}

var toolSchema = map[string]any{"type": "object", "properties": toolProperties, "required": []string{"city"}}

// shape is the schema of the structured output.
var shape = map[string]any{
	"type":                 "object",
	"properties":           map[string]any{"city": map[string]any{"type": "string"}, "sunny": map[string]any{"type": "boolean"}},
	"required":             []string{"city", "sunny"},
	"additionalProperties": false,
}

// use does a call: told is how the answer line shows it, output what the tool
// returns.
func use(name, arguments string) (told, output string, err error) {
	var args struct {
		City string `json:"city"`
	}
	err = json.Unmarshal([]byte(arguments), &args)
	return name + " " + args.City, name + " of " + args.City, err
}
