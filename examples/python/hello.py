"""One call of Bedrock with boto3, as anywhere. AWS_ENDPOINT_URL_BEDROCK_RUNTIME sends it through the smoother."""

import boto3

bedrock = boto3.client("bedrock-runtime")
answer = bedrock.converse(
    modelId="us.amazon.nova-lite-v1:0",
    messages=[{"role": "user", "content": [{"text": "Hello"}]}],
    inferenceConfig={"maxTokens": 50},
)
print(answer["output"]["message"]["content"][0]["text"])
