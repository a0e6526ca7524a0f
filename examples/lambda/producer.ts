/**
 * A Lambda function that sends requests to the smoother and does not wait. Its results go to the results queue `tickets`
 * (`results_queues = ["tickets"]`). Permissions: the stack's output `producer_policy_json`.
 */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

interface Ticket {
  id: string;
  text: string;
}

const sqs = new SQSClient({});

export async function handler(ticket: Ticket): Promise<{ messageId?: string }> {
  const request = {
    // The same ticket twice is one request.
    request_id: `ticket-${ticket.id}`,
    model_id: 'us.amazon.nova-lite-v1:0',
    tenant: 'support',
    task: 'ticket-summary',
    max_wait_seconds: 3_600,
    results: 'tickets',
    metadata: { ticket: ticket.id },
    converse: {
      messages: [{ role: 'user', content: [{ text: `Summarise in one sentence: ${ticket.text}` }] }],
      inferenceConfig: { maxTokens: 100 },
    },
  };
  const { MessageId: messageId } = await sqs.send(
    new SendMessageCommand({ QueueUrl: process.env.INPUT_QUEUE_URL, MessageBody: JSON.stringify(request) }),
  );
  return { messageId };
}
