/** Messages that another AWS service has wrapped on their way to the Input queue. */
import { at, isObject } from './json.ts';
import { mustBe, type Problem } from './problem.ts';

interface Envelope {
  name: string;
  remedy: string;
  isIn(message: Record<string, unknown>): boolean;
}

const ENVELOPES: readonly Envelope[] = [
  {
    name: 'an SNS notification',
    remedy: 'turn on raw message delivery for the subscription',
    isIn: ({ Type, TopicArn }) => Type === 'Notification' && TopicArn !== undefined,
  },
  {
    name: 'a confirmation of an SNS subscription',
    remedy: 'confirm it by its SubscribeURL, then turn on raw message delivery for the subscription',
    isIn: ({ Type, TopicArn }) => String(Type).endsWith('Confirmation') && TopicArn !== undefined,
  },
  {
    name: 'an S3 event notification',
    remedy: 'it holds no request; send {"s3": {"bucket": ..., "key": ...}} when the object is there',
    isIn: (message) =>
      at(message, ['Records', 0, 'eventSource']) === 'aws:s3' || message.Event === 's3:TestEvent',
  },
  {
    name: 'an EventBridge event',
    remedy: "set the target's input path to $.detail, or an input transformer that gives the request",
    isIn: (message) => ['detail-type', 'source', 'detail'].every((name) => Object.hasOwn(message, name)),
  },
  {
    name: 'the record of a Lambda destination',
    remedy: 'let the function send the request itself',
    isIn: (message) => isObject(message.requestContext) && Object.hasOwn(message, 'responsePayload'),
  },
  {
    name: 'an SQS record',
    remedy: 'send its body; in an EventBridge pipe, with the input template <$.body>',
    isIn: ({ messageId, receiptHandle, body }) =>
      messageId !== undefined && receiptHandle !== undefined && body !== undefined,
  },
];

/** What to say of a message that is not a request but holds one, perhaps; undefined for any other. */
export function envelopeProblem(message: Record<string, unknown>): Problem | undefined {
  const envelope = ENVELOPES.find(({ isIn }) => isIn(message));
  if (envelope === undefined) return undefined;
  return mustBe([], `a request without an envelope (${envelope.remedy})`, envelope.name);
}
