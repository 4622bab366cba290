"""A program takes one task a line, {"do", "prompt", "image", "texts", "sound"}, does it with its
SDK, and answers with one line: what the SDK made of the reply."""

import json
import os
import sys
import traceback

from pydantic import BaseModel

BASE = os.environ["BASE_URL"]
MODEL = "gemini-3.5-flash"
EMBEDDING_MODEL = "gemini-embedding-001"

# The tools of the loop: weather and time, both of a city.
TOOLS = ["weather", "time"]
TOOL_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "the city"}},
    "required": ["city"],
}


class Weather(BaseModel):
    """The structured output."""

    city: str
    sunny: bool


def describe(name):
    return f"The {name} of a city."


def use(name, args):
    return f"{name} of {args['city']}"


def told(name, args):
    """The shape of a call in the answer line."""
    return f"{name} {args['city']}"


def serve(tasks):
    for line in sys.stdin:
        task = json.loads(line)
        try:
            answer = tasks[task["do"]](task)
        except Exception as e:
            status = getattr(e, "status_code", None) or getattr(e, "code", None)
            answer = {
                "error": {
                    "class": type(e).__name__,
                    "status": status if isinstance(status, int) else 0,
                    "message": f"{e}\n{traceback.format_exc()}",
                }
            }
        print(json.dumps(answer), flush=True)
