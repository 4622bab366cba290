package main

import "maps"

// commonHolders says where the objects of the tables stand that the APIs share:
// member, part, call and tool put an object into a request of one. own are the
// places of the API's own tables.
func commonHolders(member, part, call, tool func(object string) string, own map[string]string) map[string]string {
	const choice = `"tools":[{"type":"function","name":"f","parameters":{"type":"object"}}],"tool_choice":`
	holders := map[string]string{
		"output format":                      member(`"output_format":{"type":"json_object"` + here + `}`),
		"output format json_schema":          member(`"output_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}` + here + `}}`),
		"content part":                       part(`{"type":"input_text","text":"t"` + here + `}`),
		"image_url":                          part(`{"type":"image_url","image_url":{"url":"https://a/b.png"` + here + `}}`),
		"video_url, document_url, audio_url": part(`{"type":"video_url","video_url":{"url":"https://a/b.mp4"` + here + `}}`),
		"input_audio":                        part(`{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"` + here + `}}`),
		"file":                               part(`{"type":"file","file":{"filename":"a.pdf","file_data":"AAAA"` + here + `}}`),
		"computer_screenshot":                part(`{"type":"computer_screenshot","image_url":"https://a/b.png"` + here + `}`),
		"media in the words of tools and frameworks": part(`{"type":"media","data":"AAAA","mime_type":"image/png"` + here + `}`),
		"resource part, of MCP":                      part(`{"type":"resource","resource":{"uri":"u","text":"t"}` + here + `}`),
		"resource, of MCP":                           part(`{"type":"resource","resource":{"uri":"u","text":"t"` + here + `}}`),
		"resource_link part, of MCP":                 part(`{"type":"resource_link","uri":"u","name":"n"` + here + `}`),
		"tool call":                                  call(`{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}` + here + `}`),
		"called function":                            call(`{"id":"a","type":"function","function":{"name":"f","arguments":"{}"` + here + `}}`),
		"called custom tool":                         call(`{"id":"a","type":"custom","custom":{"name":"f","input":"t"` + here + `}}`),
		"extra_content":                              call(`{"id":"a","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{}` + here + `}}`),
		"extra_content.google":                       call(`{"id":"a","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"s"` + here + `}}}`),
		"nested tool":                                tool(`{"type":"function","function":{"name":"f"}` + here + `}`),
		"function tool":                              tool(`{"type":"function","function":{"name":"f","parameters":{"type":"object"}` + here + `}}`),
		"custom tool":                                tool(`{"type":"custom","custom":{"name":"f"` + here + `}}`),
		"custom tool format":                         tool(`{"type":"custom","custom":{"name":"f","format":{"type":"text"` + here + `}}}`),
		"custom tool grammar":                        tool(`{"type":"custom","custom":{"name":"f","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"d"` + here + `}}}}`),
		"Gemini tool":                                tool(`{"functionDeclarations":[{"name":"f"}]` + here + `}`),
		"tool that the upstream runs":                tool(`{"type":"web_search"` + here + `}`),
		"tool_choice":                                member(choice + `{"type":"function","name":"f"` + here + `}`),
		"tool_choice.allowed_tools":                  member(choice + `{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","name":"f"}]` + here + `}}`),
	}
	maps.Copy(holders, own)
	return holders
}
