"""Sends three requests to the Input queue and waits for their results, with boto3 and nothing else.

    npm run dev                                    # in another terminal; prints the lines to export
    export AWS_ENDPOINT_URL=... AWS_REGION=...     # these
    python examples/python/send_and_receive.py INPUT_QUEUE_URL RESULTS_QUEUE_URL

Against AWS the same script runs without AWS_ENDPOINT_URL.
"""

import json
import sys
import uuid

import boto3


def main(input_url: str, results_url: str) -> None:
    sqs = boto3.client("sqs")
    run = uuid.uuid4().hex[:8]
    waiting = {}
    for number, question in enumerate(["Why is the sky blue?", "What is a queue?", "Who was first? 😀"]):
        request_id = f"python-{run}-{number}"
        waiting[request_id] = question
        message = {
            "request_id": request_id,
            "model_id": "us.amazon.nova-lite-v1:0",
            "priority": number + 1,
            "tenant": "python-example",
            "converse": {
                "messages": [{"role": "user", "content": [{"text": question}]}],
                "inferenceConfig": {"maxTokens": 100},
            },
        }
        sqs.send_message(QueueUrl=input_url, MessageBody=json.dumps(message))
        print(f"sent      {request_id}")

    while waiting:
        answer = sqs.receive_message(QueueUrl=results_url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in answer.get("Messages", []):
            result = json.loads(message["Body"])
            if waiting.pop(result["request_id"], None) is None:
                continue  # somebody else's: it stays, and becomes visible again
            print(f"{result['status'].lower():9} {result['request_id']} after {result['timings'].get('wait_ms')} ms in the queue")
            sqs.delete_message(QueueUrl=results_url, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
