"""Google's SDK."""

import base64

from google import genai
from google.genai import types

from program import BASE, EMBEDDING_MODEL, MODEL, TOOL_SCHEMA, TOOLS, Weather, describe, serve, told, use

options = types.HttpOptions(base_url=BASE, retry_options=types.HttpRetryOptions(attempts=1))
client = genai.Client(api_key="test", http_options=options)


def parts_of(reply):
    content = reply.candidates[0].content if reply.candidates else None
    return (content.parts if content else None) or []


def text(parts, thought):
    return "".join(p.text for p in parts if p.text and bool(p.thought) == thought)


def answer(parts, usage):
    return {
        "text": text(parts, False),
        "thinking": text(parts, True),
        "tokens": (usage.candidates_token_count if usage else None) or 0,
    }


def joined(replies):
    parts, usage = [], None
    for reply in replies:
        parts += parts_of(reply)
        usage = reply.usage_metadata or usage
    return parts, usage


def unary(contents):
    return joined([client.models.generate_content(model=MODEL, contents=contents)])


def loop(task, send):
    """The SDK's own chat keeps the history."""
    functions = [
        types.FunctionDeclaration(name=n, description=describe(n), parameters_json_schema=TOOL_SCHEMA) for n in TOOLS
    ]
    config = types.GenerateContentConfig(
        thinking_config=types.ThinkingConfig(include_thoughts=True),
        tools=[types.Tool(function_declarations=functions)],
    )
    chat = client.chats.create(model=MODEL, config=config)
    calls, thinking, message = [], "", task["prompt"]
    while True:
        parts, usage = send(chat, message)
        thinking += text(parts, True)
        used = [p.function_call for p in parts if p.function_call]
        if not used:
            return answer(parts, usage) | {"thinking": thinking, "calls": calls}
        calls += [told(c.name, c.args) for c in used]
        outputs = [{"id": c.id, "name": c.name, "response": {"output": use(c.name, c.args)}} for c in used]
        message = [types.Part(function_response=types.FunctionResponse(**o)) for o in outputs]


def stream(task):
    parts, usage = joined(client.models.generate_content_stream(model=MODEL, contents=task["prompt"]))
    return answer(parts, usage) | {"chunks": sum(1 for p in parts if p.text)}


def image(task):
    picture = types.Part.from_bytes(data=base64.b64decode(task["image"]), mime_type="image/png")
    return answer(*unary([picture, task["prompt"]]))


def structured(task):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Weather)
    reply = client.models.generate_content(model=MODEL, contents=task["prompt"], config=config)
    return {"value": reply.parsed.model_dump()}


def embed(client, model):
    config = types.EmbedContentConfig(output_dimensionality=256)

    def do(task):
        # Newer models make one vector of a list of strings.
        contents = [types.Content(parts=[types.Part(text=t)]) for t in task["texts"]]
        reply = client.models.embed_content(model=model, contents=contents, config=config)
        return {"value": [e.values for e in reply.embeddings], "tokens": 1}

    return do


vertex = genai.Client(vertexai=True, api_key="test", http_options=options)

serve({
    "embed": embed(client, EMBEDDING_MODEL),
    "embed_vertex": embed(vertex, EMBEDDING_MODEL),
    "embed_vertex_newer": embed(vertex, "gemini-embedding-2"),
    "chat": lambda task: answer(*unary(task["prompt"])),
    "stream": stream,
    "tools": lambda task: loop(task, lambda chat, message: joined([chat.send_message(message)])),
    "tools_stream": lambda task: loop(task, lambda chat, message: joined(chat.send_message_stream(message))),
    "image": image,
    "structured": structured,
})
