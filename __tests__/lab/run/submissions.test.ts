import { describe, expect, it } from 'vitest';
import { Submissions } from '../../../src/lab/run/submissions.ts';

const line = (fields: object = {}) =>
  JSON.stringify({
    model_id: 'amazon.nova-lite-v1:0',
    converse: { messages: [{ role: 'user', content: [{ text: 'Hi' }] }] },
    ...fields,
  });

describe('submissions', () => {
  it('end under their request id, or under their message id without one', () => {
    const submissions = new Submissions();
    submissions.sent(line({ request_id: 'a' }), 'a', 'm1');
    submissions.sent(line(), undefined, 'm2');
    expect(submissions.unanswered).toBe(2);
    submissions.ended('a', 'COMPLETED');
    expect(submissions.unanswered).toBe(1);
    submissions.ended('m2', 'FAILED');
    expect(submissions.unanswered).toBe(0);
  });

  it('may end before the queue has confirmed them', () => {
    const submissions = new Submissions();
    submissions.ended('a', 'COMPLETED');
    submissions.ended('m2', 'REJECTED');
    submissions.sent(line({ request_id: 'a' }), 'a', 'm1');
    submissions.sent('no JSON', undefined, 'm2');
    expect(submissions.unanswered).toBe(0);
  });

  it('of one id and one content share a result, whatever the order of their fields', () => {
    const submissions = new Submissions();
    const { model_id, converse } = JSON.parse(line());
    submissions.sent(JSON.stringify({ request_id: 'a', model_id, converse }), 'a', 'm1');
    submissions.sent(JSON.stringify({ converse, model_id, request_id: 'a' }), 'a', 'm2');
    submissions.ended('a', 'COMPLETED');
    expect(submissions.unanswered).toBe(0);
  });

  it('of one id and another content need a result of their own', () => {
    const submissions = new Submissions();
    submissions.sent(line({ request_id: 'a' }), 'a', 'm1');
    submissions.sent(line({ request_id: 'a', priority: 1 }), 'a', 'm2');
    submissions.ended('a', 'COMPLETED');
    expect(submissions.unanswered).toBe(1);
    submissions.ended('m2', 'REJECTED');
    expect(submissions.unanswered).toBe(0);
  });

  it('counts a second result under one id', () => {
    const submissions = new Submissions();
    submissions.sent(line({ request_id: 'a' }), 'a', 'm1');
    expect([submissions.ended('a', 'COMPLETED'), submissions.ended('a', 'COMPLETED')]).toEqual([true, false]);
    expect(submissions.duplicates).toBe(1);
  });

  it('counts invalid messages that were not rejected', () => {
    const submissions = new Submissions();
    submissions.sent(line({ request_id: 'a', priority: 9 }), 'a', 'm1');
    submissions.sent(line({ request_id: 'b', priority: 8 }), 'b', 'm2');
    submissions.ended('a', 'REJECTED');
    expect(submissions.wronglyAccepted()).toBe(0);
    submissions.ended('b', 'COMPLETED');
    expect(submissions.wronglyAccepted()).toBe(1);
  });
});
