"""Anthropic's SDK."""

import anthropic

from program import BASE, MODEL, TOOL_SCHEMA, TOOLS, Weather, describe, serve, told, use

messages = anthropic.Anthropic(base_url=BASE, api_key="test", max_retries=0).messages


def ask(content):
    return {"model": MODEL, "max_tokens": 4000, "messages": [{"role": "user", "content": content}]}


def answer(message):
    return {
        "text": "".join(b.text for b in message.content if b.type == "text"),
        "thinking": "".join(b.thinking for b in message.content if b.type == "thinking"),
        "tokens": message.usage.output_tokens,
    }


def streamed(request):
    chunks = 0
    with messages.stream(**request) as stream:
        for _ in stream.text_stream:
            chunks += 1
        return stream.get_final_message(), chunks


def loop(task, send):
    request = ask(task["prompt"]) | {
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "tools": [{"name": n, "description": describe(n), "input_schema": TOOL_SCHEMA} for n in TOOLS],
    }
    calls, thinking = [], ""
    while True:
        message = send(request)
        thinking += answer(message)["thinking"]
        if message.stop_reason != "tool_use":
            return answer(message) | {"thinking": thinking, "calls": calls}
        used = [b for b in message.content if b.type == "tool_use"]
        calls += [told(b.name, b.input) for b in used]
        results = [{"type": "tool_result", "tool_use_id": b.id, "content": use(b.name, b.input)} for b in used]
        request["messages"] += [{"role": "assistant", "content": message.content}, {"role": "user", "content": results}]


def search(task, send):
    request = ask(task["prompt"]) | {"tools": [{"google_search": {}}]}
    message = send(request)
    cited = [f"{c.cited_text} {c.url}" for b in message.content if b.type == "text" for c in b.citations or []]
    request["messages"] += [{"role": "assistant", "content": message.content}, {"role": "user", "content": "Sure?"}]
    return answer(send(request)) | {"cited": cited}


def stream(task):
    message, chunks = streamed(ask(task["prompt"]))
    return answer(message) | {"chunks": chunks}


def image(task):
    source = {"type": "base64", "media_type": "image/png", "data": task["image"]}
    content = [{"type": "image", "source": source}, {"type": "text", "text": task["prompt"]}]
    return answer(messages.create(**ask(content)))


serve({
    "chat": lambda task: answer(messages.create(**ask(task["prompt"]))),
    "stream": stream,
    "tools": lambda task: loop(task, lambda request: messages.create(**request)),
    "tools_stream": lambda task: loop(task, lambda request: streamed(request)[0]),
    "search": lambda task: search(task, lambda request: messages.create(**request)),
    "search_stream": lambda task: search(task, lambda request: streamed(request)[0]),
    "image": image,
    "structured": lambda task: {
        "value": messages.parse(**ask(task["prompt"]), output_format=Weather).parsed_output.model_dump()
    },
})
