"""Tries what a client can do, one thing after the other, and prints what came of each as a line of JSON."""

import json
import os
import traceback

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
EMBEDDINGS = "amazon.titan-embed-text-v2:0"
DIMENSIONS = 1024
# Bedrock streams an answer as it is written; the smoother in one go, when it is there.
FEWEST_PIECES = int(os.environ.get("FEWEST_PIECES", "1"))

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city", "days"],
    "additionalProperties": False,
}


def is_weather(value):
    """Whether a value fits the schema above."""
    return isinstance(value.get("city"), str) and isinstance(value.get("days"), int)


def try_all(**features):
    for name, attempt in features.items():
        try:
            attempt()
            print(json.dumps({"feature": name, "ok": True}), flush=True)
        except Exception as error:
            trace = traceback.format_exc(limit=-3)
            print(json.dumps({"feature": name, "ok": False, "error": f"{error!r}\n{trace}"}), flush=True)
