"""OpenAI's SDK, Responses."""

import json

import openai

from program import BASE, MODEL, TOOL_SCHEMA, TOOLS, Weather, describe, serve, told, use

responses = openai.OpenAI(base_url=BASE + "/v1", api_key="test", max_retries=0).responses


def ask(content):
    return {"model": MODEL, "max_output_tokens": 4000, "store": False, "input": [{"role": "user", "content": content}]}


def answer(response):
    reasoning = [item for item in response.output if item.type == "reasoning"]
    return {
        "text": response.output_text,
        "thinking": "".join(s.text for item in reasoning for s in item.summary),
        "tokens": response.usage.output_tokens if response.usage else 0,
    }


def streamed(request):
    chunks = 0
    with responses.stream(**request) as stream:
        for event in stream:
            chunks += event.type == "response.output_text.delta"
            if event.type == "response.failed":
                raise RuntimeError(event.response.error.message)
        return stream.get_final_response(), chunks


def loop(task, send):
    tools = [{"name": n, "description": describe(n), "parameters": TOOL_SCHEMA, "strict": False} for n in TOOLS]
    request = ask(task["prompt"]) | {
        "reasoning": {"effort": "medium", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "tools": [{"type": "function"} | t for t in tools],
    }
    calls, thinking = [], ""
    while True:
        response = send(request)
        thinking += answer(response)["thinking"]
        used = [item for item in response.output if item.type == "function_call"]
        if not used:
            return answer(response) | {"thinking": thinking, "calls": calls}
        request["input"] += response.output
        for call in used:
            args = json.loads(call.arguments)
            calls.append(told(call.name, args))
            output = use(call.name, args)
            request["input"].append({"type": "function_call_output", "call_id": call.call_id, "output": output})


def search(task, send):
    request = ask(task["prompt"]) | {"tools": [{"type": "web_search"}]}
    response = send(request)
    parts = [part for item in response.output if item.type == "message" for part in item.content]
    cited = [f"{part.text[a.start_index : a.end_index]} {a.url}" for part in parts for a in part.annotations]
    request["input"] += [*response.output, {"role": "user", "content": "Sure?"}]
    return answer(send(request)) | {"cited": cited}


def stream(task):
    response, chunks = streamed(ask(task["prompt"]))
    return answer(response) | {"chunks": chunks}


def image(task):
    url = "data:image/png;base64," + task["image"]
    content = [{"type": "input_image", "image_url": url, "detail": "auto"}, {"type": "input_text", "text": task["prompt"]}]
    return answer(responses.create(**ask(content)))


serve({
    "chat": lambda task: answer(responses.create(**ask(task["prompt"]))),
    "stream": stream,
    "tools": lambda task: loop(task, lambda request: responses.create(**request)),
    "tools_stream": lambda task: loop(task, lambda request: streamed(request)[0]),
    "search": lambda task: search(task, lambda request: responses.create(**request)),
    "search_stream": lambda task: search(task, lambda request: streamed(request)[0]),
    "image": image,
    "structured": lambda task: {
        "value": responses.parse(**ask(task["prompt"]), text_format=Weather).output_parsed.model_dump()
    },
})
