"""LiteLLM, which speaks to Bedrock in its own code: its variable is AWS_BEDROCK_RUNTIME_ENDPOINT."""

import json
import os

from features import DIMENSIONS, EMBEDDINGS, FEWEST_PIECES, MODEL, WEATHER, is_weather, try_all

# Prices from the package itself: nothing else is fetched.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm  # noqa: E402

QUESTION = {
    "model": f"bedrock/{MODEL}",
    "messages": [{"role": "user", "content": "What is the weather like?"}],
    "max_tokens": 1000,
}


def plain():
    answer = litellm.completion(**QUESTION)
    assert answer.choices[0].message.content
    assert answer.usage.completion_tokens > 0


def stream():
    pieces = [part.choices[0].delta.content or "" for part in litellm.completion(**QUESTION, stream=True)]
    assert len(pieces) >= FEWEST_PIECES
    assert "".join(pieces) == litellm.completion(**QUESTION).choices[0].message.content


def tools():
    weather = {"type": "function", "function": {"name": "weather", "parameters": WEATHER}}
    answer = litellm.completion(**QUESTION, tools=[weather], tool_choice="required")
    call = answer.choices[0].message.tool_calls[0].function
    assert call.name == "weather" and is_weather(json.loads(call.arguments))


def structured():
    schema = {"name": "weather", "schema": WEATHER, "strict": True}
    answer = litellm.completion(**QUESTION, response_format={"type": "json_schema", "json_schema": schema})
    assert is_weather(json.loads(answer.choices[0].message.content))


def embeddings():
    answer = litellm.embedding(model=f"bedrock/{EMBEDDINGS}", input=["tea"])
    assert len(answer.data[0]["embedding"]) == DIMENSIONS


try_all(plain=plain, stream=stream, tools=tools, structured=structured, embeddings=embeddings)
