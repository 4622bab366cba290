"""OpenAI's SDK, images: by their own API, in chats and in responses."""

import base64

import openai

from program import BASE, serve

client = openai.OpenAI(base_url=BASE + "/v1", api_key="test", max_retries=0)
DRAWER = "gemini-3.1-flash-image"


def kind(b64):
    """What the bytes of an image begin with."""
    return base64.b64decode(b64)[1:4].decode()


def generate(task):
    made = client.images.generate(model="dall-e-3", prompt=task["prompt"], size="1024x1024", response_format="b64_json")
    return {"text": f"{kind(made.data[0].b64_json)} {made.size}", "tokens": made.usage.output_tokens}


def generate_stream(task):
    events = list(client.images.generate(model="gpt-image-1", prompt=task["prompt"], stream=True))
    return {"text": f"{events[-1].type} {kind(events[-1].b64_json)}", "tokens": events[-1].usage.output_tokens}


def edit(task):
    image = base64.b64decode(task["image"])
    files = [("a.png", image), ("b.png", image, "image/png")]
    made = client.images.edit(model="gpt-image-1", image=files, prompt=task["prompt"], size="1536x1024")
    return {"text": kind(made.data[0].b64_json), "tokens": made.usage.output_tokens}


def image_of(message):
    return message.images[0]["image_url"]["url"].removeprefix("data:image/png;base64,")


def chat(task, send):
    messages = [{"role": "user", "content": task["prompt"]}]
    first = send(messages)
    messages += [first, {"role": "user", "content": "larger"}]
    return {"text": f"{kind(image_of(first))} {kind(image_of(send(messages)))}"}


ASK = {"model": DRAWER, "modalities": ["text", "image"], "extra_body": {"image_config": {"aspect_ratio": "16:9"}}}


def create(messages):
    return client.chat.completions.create(messages=messages, **ASK).choices[0].message


def stream(messages):
    with client.chat.completions.stream(messages=messages, **ASK) as events:
        return events.get_final_completion().choices[0].message


def responses(task):
    def send(items):
        return client.responses.create(model=DRAWER, input=items, tools=[{"type": "image_generation", "size": "1536x1024"}]).output

    def drawn(output):
        return kind(next(item.result for item in output if item.type == "image_generation_call"))

    items = [{"role": "user", "content": task["prompt"]}]
    first = send(items)
    second = send([*items, *first, {"role": "user", "content": "larger"}])
    return {"text": f"{drawn(first)} {drawn(second)}"}


serve({
    "generate": generate,
    "generate_stream": generate_stream,
    "edit": edit,
    "chat": lambda task: chat(task, create),
    "chat_stream": lambda task: chat(task, stream),
    "responses": responses,
})
