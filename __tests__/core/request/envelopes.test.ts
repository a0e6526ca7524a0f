import { expect, it } from 'vitest';
import { readMessage } from '../../../src/core/request/message.ts';
import { describeProblems } from '../../../src/core/request/problem.ts';

const REQUEST = { model_id: 'us.amazon.nova-pro-v1:0', messages: [{ role: 'user', content: 'hello' }] };
const TEXT = JSON.stringify(REQUEST);

function problemsIn(message: object): string {
  const reading = readMessage(JSON.stringify(message), { longestWaitSeconds: 86_400 });
  return reading.kind === 'invalid' ? describeProblems(reading.problems) : 'accepted';
}

const SNS = {
  MessageId: '1',
  TopicArn: 'arn:aws:sns:us-east-1:123456789012:requests',
  Timestamp: '2026-11-23',
};

it.each([
  ['an SNS notification', 'raw message delivery', { Type: 'Notification', Message: TEXT, ...SNS }],
  [
    'a confirmation of an SNS subscription',
    'SubscribeURL',
    { Type: 'SubscriptionConfirmation', Token: 't', SubscribeURL: 'https://', ...SNS },
  ],
  [
    'an S3 event notification',
    '{"s3": {"bucket": ..., "key": ...}}',
    { Records: [{ eventVersion: '2.1', eventSource: 'aws:s3', s3: { object: { key: 'inbox/a' } } }] },
  ],
  [
    'an S3 event notification',
    '{"s3":',
    { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'calls', RequestId: '1', HostId: '2' },
  ],
  [
    'an EventBridge event',
    '$.detail',
    { version: '0', id: '1', 'detail-type': 'request', source: 'ours', detail: REQUEST },
  ],
  [
    'the record of a Lambda destination',
    'send the request itself',
    { version: '1.0', requestContext: { functionArn: 'arn' }, requestPayload: {}, responsePayload: REQUEST },
  ],
  ['an SQS record', '<$.body>', { messageId: '1', receiptHandle: 'h', body: TEXT, attributes: {} }],
])('%s is answered with its name and its remedy', (name, remedy, message) => {
  const problems = problemsIn(message);
  expect(problems).toMatch(/^message: must be a request without an envelope \(/);
  expect(problems).toContain(remedy);
  expect(problems.endsWith(`got ${name}`)).toBe(true);
});

it('a request is no envelope, whatever its metadata', () => {
  const metadata = { Type: 'Notification', TopicArn: 'arn', detail: {}, source: 's', 'detail-type': 't' };
  expect(problemsIn({ ...REQUEST, metadata })).toBe('accepted');
});

it('what is neither is answered with the fields that are missing', () => {
  expect(problemsIn({ model_id: 'us.amazon.nova-pro-v1:0' })).toContain('must have one of converse');
});
