"""OpenAI's SDK, Chat Completions."""

import base64
import json

import openai

from program import BASE, MODEL, TOOL_SCHEMA, TOOLS, Weather, describe, serve, told, use

client = openai.OpenAI(base_url=BASE + "/v1", api_key="test", max_retries=0)
completions = client.chat.completions


def ask(content):
    return {"model": MODEL, "max_completion_tokens": 4000, "messages": [{"role": "user", "content": content}]}


def answer(completion):
    message = completion.choices[0].message
    return {
        "text": message.content or "",
        "thinking": getattr(message, "reasoning_content", None) or "",
        "tokens": completion.usage.completion_tokens if completion.usage else 0,
    }


def streamed(request):
    chunks = 0
    with completions.stream(**request, stream_options={"include_usage": True}) as stream:
        for event in stream:
            chunks += event.type == "content.delta"
        return stream.get_final_completion(), chunks


def loop(task, send):
    functions = [{"name": n, "description": describe(n), "parameters": TOOL_SCHEMA} for n in TOOLS]
    request = ask(task["prompt"]) | {
        "reasoning_effort": "medium",
        "tools": [{"type": "function", "function": f} for f in functions],
    }
    calls, thinking = [], ""
    while True:
        completion = send(request)
        thinking += answer(completion)["thinking"]
        choice = completion.choices[0]
        if choice.finish_reason != "tool_calls":
            return answer(completion) | {"thinking": thinking, "calls": calls}
        request["messages"].append(choice.message)
        for call in choice.message.tool_calls:
            args = json.loads(call.function.arguments)
            calls.append(told(call.function.name, args))
            content = use(call.function.name, args)
            request["messages"].append({"role": "tool", "tool_call_id": call.id, "content": content})


def search(task, send):
    # The SDK's stream helper looks for a function in each tool.
    request = ask(task["prompt"]) | {"extra_body": {"tools": [{"googleSearch": {}}]}}
    message = send(request).choices[0].message
    found = [a.url_citation if hasattr(a, "url_citation") else a["url_citation"] for a in message.annotations or []]
    found = [c if isinstance(c, dict) else c.model_dump() for c in found]
    cited = [f"{message.content[c['start_index'] : c['end_index']]} {c['url']}" for c in found]
    request["messages"] += [message, {"role": "user", "content": "Sure?"}]
    return answer(send(request)) | {"cited": cited}


def stream(task):
    completion, chunks = streamed(ask(task["prompt"]))
    return answer(completion) | {"chunks": chunks}


def image(task):
    url = "data:image/png;base64," + task["image"]
    content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": task["prompt"]}]
    return answer(completions.create(**ask(content)))


def structured(task):
    completion = completions.parse(**ask(task["prompt"]), response_format=Weather)
    return {"value": completion.choices[0].message.parsed.model_dump()}


def embed(task):
    # The SDK asks for base64 by itself.
    reply = client.embeddings.create(model="text-embedding-3-small", input=task["texts"], dimensions=256)
    return {"value": [d.embedding for d in reply.data], "tokens": reply.usage.prompt_tokens}


def transcribe(task):
    recording = ("speech.wav", base64.b64decode(task["sound"]))
    transcript = client.audio.transcriptions.create(model="whisper-1", file=recording)
    verbose = client.audio.transcriptions.create(
        model="whisper-1", file=recording, response_format="verbose_json", language="en"
    )
    pieces, done = [], None
    for event in client.audio.transcriptions.create(model="gpt-4o-mini-transcribe", file=recording, stream=True):
        if event.type == "transcript.text.delta":
            pieces.append(event.delta)
        else:
            done = event
    return {
        "text": "|".join([transcript.text, verbose.text, verbose.language, "".join(pieces), done.text]),
        "tokens": transcript.usage.total_tokens,
        "chunks": len(pieces),
    }


serve({
    "transcribe": transcribe,
    "embed": embed,
    "chat": lambda task: answer(completions.create(**ask(task["prompt"]))),
    "stream": stream,
    "tools": lambda task: loop(task, lambda request: completions.create(**request)),
    "tools_stream": lambda task: loop(task, lambda request: streamed(request)[0]),
    "search": lambda task: search(task, lambda request: completions.create(**request)),
    "search_stream": lambda task: search(task, lambda request: streamed(request)[0]),
    "image": image,
    "structured": structured,
})
