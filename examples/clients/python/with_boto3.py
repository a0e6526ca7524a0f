"""boto3, the AWS SDK for Python. Where Bedrock is, it learns from AWS_ENDPOINT_URL_BEDROCK_RUNTIME alone."""

import json

import boto3
from features import DIMENSIONS, EMBEDDINGS, MODEL, WEATHER, is_weather, try_all

bedrock = boto3.client("bedrock-runtime")
QUESTION = {
    "modelId": MODEL,
    "messages": [{"role": "user", "content": [{"text": "What is the weather like?"}]}],
    "inferenceConfig": {"maxTokens": 1000},
}


def plain():
    answer = bedrock.converse(**QUESTION)
    assert answer["output"]["message"]["content"][0]["text"]
    assert answer["usage"]["outputTokens"] > 0


def stream():
    events = list(bedrock.converse_stream(**QUESTION)["stream"])
    text = "".join(
        event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event
    )
    assert text == bedrock.converse(**QUESTION)["output"]["message"]["content"][0]["text"]
    assert "usage" in events[-1]["metadata"]


def tools():
    weather = {"toolSpec": {"name": "weather", "inputSchema": {"json": WEATHER}}}
    answer = bedrock.converse(**QUESTION, toolConfig={"tools": [weather], "toolChoice": {"any": {}}})
    assert answer["stopReason"] == "tool_use"
    call = answer["output"]["message"]["content"][0]["toolUse"]
    assert call["name"] == "weather" and is_weather(call["input"])


def structured():
    schema = {"schema": json.dumps(WEATHER), "name": "weather"}
    output = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
    answer = bedrock.converse(**QUESTION, outputConfig=output)
    assert is_weather(json.loads(answer["output"]["message"]["content"][0]["text"]))


def embeddings():
    answer = bedrock.invoke_model(modelId=EMBEDDINGS, body=json.dumps({"inputText": "tea"}))
    assert len(json.load(answer["body"])["embedding"]) == DIMENSIONS


try_all(plain=plain, stream=stream, tools=tools, structured=structured, embeddings=embeddings)
