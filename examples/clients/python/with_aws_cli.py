"""The AWS CLI, which needs no more than AWS_ENDPOINT_URL_BEDROCK_RUNTIME. It has no streams."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from features import DIMENSIONS, EMBEDDINGS, MODEL, WEATHER, is_weather, try_all

AWS = Path(sys.executable).with_name("aws")


def aws(*arguments):
    done = subprocess.run([AWS, "bedrock-runtime", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def converse(*arguments):
    messages = [{"role": "user", "content": [{"text": "What is the weather like?"}]}]
    limit = ["--inference-config", "maxTokens=1000"]
    return aws("converse", "--model-id", MODEL, "--messages", json.dumps(messages), *limit, *arguments)


def plain():
    answer = converse()
    assert answer["output"]["message"]["content"][0]["text"]
    assert answer["usage"]["outputTokens"] > 0


def tools():
    weather = {"toolSpec": {"name": "weather", "inputSchema": {"json": WEATHER}}}
    answer = converse("--tool-config", json.dumps({"tools": [weather], "toolChoice": {"any": {}}}))
    call = answer["output"]["message"]["content"][0]["toolUse"]
    assert call["name"] == "weather" and is_weather(call["input"])


def structured():
    schema = {"schema": json.dumps(WEATHER), "name": "weather"}
    output = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
    answer = converse("--output-config", json.dumps(output))
    assert is_weather(json.loads(answer["output"]["message"]["content"][0]["text"]))


def embeddings():
    body = json.dumps({"inputText": "tea"})
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output.json"
        aws("invoke-model", "--model-id", EMBEDDINGS, "--body", body, str(output))
        assert len(json.loads(output.read_text())["embedding"]) == DIMENSIONS


try_all(plain=plain, tools=tools, structured=structured, embeddings=embeddings)
