// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are Terraform expressions
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { intervalMinutes, Schedule } from '../../../src/local/event-sources/schedule.ts';
import { smallStack, startSmallCloud } from '../small-stack.ts';

describe('a schedule', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('runs at the start and at every interval until stopped', () => {
    const run = vi.fn();
    const schedule = new Schedule(2, run);
    schedule.start();
    expect(run).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(240_000);
    expect(run).toHaveBeenCalledTimes(3);
    schedule.stop();
    vi.advanceTimersByTime(240_000);
    expect(run).toHaveBeenCalledTimes(3);
  });
});

it.each([
  ['rate(1 minute)', 1],
  ['rate(5 minutes)', 5],
  ['rate(2 hours)', 120],
  ['cron(* * * * ? *)', 1],
])('%s is every %i minutes', (expression, minutes) => {
  expect(intervalMinutes('rule', expression)).toBe(minutes);
});

it.each(['cron(0 12 * * ? *)', 'rate(0 minutes)', 'at(2026-01-01T00:00:00)'])(
  '%s is refused',
  (expression) => {
    expect(() => intervalMinutes('rule', expression)).toThrow(
      `rule: the schedule ${expression} is not supported`,
    );
  },
);

describe('a rule', () => {
  const resources = (permitted: boolean) => ({
    aws_cloudwatch_event_rule: { tick: { name: 'tick', schedule_expression: 'rate(1 minute)' } },
    aws_cloudwatch_event_target: {
      tick: { rule: 'tick', arn: '${aws_lambda_function.worker.arn}', input: '{"from": "rule"}' },
    },
    ...(permitted && {
      aws_lambda_permission: {
        tick: {
          action: 'lambda:InvokeFunction',
          function_name: 'worker',
          principal: 'events.amazonaws.com',
          source_arn: '${aws_cloudwatch_event_rule.tick.arn}',
        },
      },
    }),
  });
  const worker = { worker: { code: 'console.log("got " + event.from)' } };

  it('starts its function with its input', async () => {
    const cloud = await startSmallCloud(await smallStack(worker, resources(true)));
    expect(await cloud.line('got')).toBe('worker: got rule');
    await cloud.stop();
  });

  it('without a permission to start it is refused', async () => {
    await expect(startSmallCloud(await smallStack(worker, resources(false)))).rejects.toThrow(
      'lambda:InvokeFunction on worker',
    );
  });
});
