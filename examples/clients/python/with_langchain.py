"""LangChain's ChatBedrockConverse and BedrockEmbeddings, which use boto3 and its AWS_ENDPOINT_URL_BEDROCK_RUNTIME."""

from features import DIMENSIONS, EMBEDDINGS, FEWEST_PIECES, MODEL, is_weather, try_all
from langchain_aws import BedrockEmbeddings, ChatBedrockConverse
from langchain_core.tools import tool
from pydantic import BaseModel

model = ChatBedrockConverse(model=MODEL, max_tokens=1000)
QUESTION = "What is the weather like?"


class Weather(BaseModel):
    """The weather of some days."""

    city: str
    days: int


@tool
def weather(city: str, days: int) -> str:
    """Looks up the weather."""
    return f"sun in {city} for {days} days"


def plain():
    answer = model.invoke(QUESTION)
    assert answer.content
    assert answer.usage_metadata["output_tokens"] > 0


def stream():
    pieces = [piece.text for piece in model.stream(QUESTION)]
    assert len(pieces) >= FEWEST_PIECES
    assert "".join(pieces) == model.invoke(QUESTION).text


def tools():
    answer = model.bind_tools([weather], tool_choice="any").invoke(QUESTION)
    assert answer.tool_calls[0]["name"] == "weather" and is_weather(answer.tool_calls[0]["args"])


def structured():
    answer = model.with_structured_output(Weather).invoke(QUESTION)
    assert is_weather(answer.model_dump())


def embeddings():
    assert len(BedrockEmbeddings(model_id=EMBEDDINGS).embed_query("tea")) == DIMENSIONS


try_all(plain=plain, stream=stream, tools=tools, structured=structured, embeddings=embeddings)
