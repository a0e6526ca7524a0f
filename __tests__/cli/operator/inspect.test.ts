import { DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { answers } from '../../../src/cli/console/answers.ts';
import { inspect } from '../../../src/cli/operator/inspect.ts';
import { operations } from '../../../src/cli/operator/operations.ts';
import type { Stack } from '../../../src/cli/operator/operator-command.ts';
import { namesWith } from '../../../src/cli/operator/stack.ts';
import { diagnose, isHealthy } from '../../../src/core/operations/doctor.ts';
import { bundleFunctions, type FunctionBundles } from '../../../src/stack/bundle.ts';
import type { SmallCloud } from '../../local/small-stack.ts';
import { evaluate, synthesise } from '../../stack/synthesis.ts';
import { type LocalStores, startStores } from './stores.ts';

vi.mock('../../../src/stack/bundle.ts');

describe('a look at a local stack', () => {
  let local: LocalStores;
  let cloud: SmallCloud;
  let stack: Stack;

  beforeAll(async () => {
    local = await startStores();
    ({ cloud, stack } = local);
    const bundles = new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : { path: local.zip }) });
    vi.mocked(bundleFunctions).mockResolvedValue(bundles as FunctionBundles);
  });
  afterAll(() => local.stop());

  const faultsOf = async (looked: Stack) =>
    diagnose(await inspect(looked))
      .filter(({ severity }) => severity === 'fault')
      .map(({ check }) => check);

  it('finds a new one healthy, and says what the local cloud cannot tell', async () => {
    const findings = diagnose(await inspect(stack));
    expect(findings.filter(({ severity }) => severity === 'fault')).toEqual([]);
    expect(isHealthy(findings)).toBe(true);
    const unknown = findings.filter(({ severity }) => severity === 'unknown').map(({ check }) => check);
    expect(unknown).toEqual(['alarm e-mails', 'alarms']);
  });

  it('needs nothing but what the policy for looking allows, as does the console', async () => {
    const { page, request } = await answers(stack);
    expect((await page()).lanes).toEqual([]);
    expect(await request('nobody')).toMatchObject({ status: 'UNKNOWN' });
    const policy = String(evaluate(synthesise()).outputs.operator_read_policy_json);
    const { Statement } = JSON.parse(policy) as { Statement: { Action: string[] }[] };
    const allowed = Statement.flatMap(({ Action }) => Action);
    // What the local cloud was set up with does not count.
    const asked = cloud
      .calls()
      .map(({ action }) => action)
      .filter((action) => !action.includes(':Create'));
    expect(asked).toContain('dynamodb:Query');
    expect(asked.filter((action) => !allowed.includes(action))).toEqual([]);
  });

  it('finds that nothing of a prefix is there', async () => {
    const faults = await faultsOf({ ...stack, names: namesWith('somebody-else', stack.sqs) });
    expect(faults).toEqual(
      expect.arrayContaining(['table requests', 'queue input', 'calls bucket', 'dead letters hold', 'lanes']),
    );
  });

  it('finds another Region than the stack’s', async () => {
    expect(await faultsOf({ ...stack, region: 'eu-north-1' })).toEqual(['Region']);
  });

  it('finds dead letters', async () => {
    const QueueUrl = await stack.names('input_dlq_url');
    await stack.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
    expect(await faultsOf(stack)).toEqual(['dead letters input']);
  });

  it('finds a lane that an operator has paused, until it is resumed', async () => {
    const ports = await operations(stack);
    await ports.registry.register('amazon.nova-lite:geo', 'us.amazon.nova-lite-v1:0', Date.now());
    await ports.control.setPause('amazon.nova-lite:geo', { by: 'ada', since: 1 });
    expect(await faultsOf(stack)).toEqual(['dead letters input', 'lane amazon.nova-lite:geo']);
    const access = diagnose(await inspect(stack)).filter(({ check }) => check.startsWith('access'));
    expect(access).toMatchObject([{ check: 'access to amazon.nova-lite-v1:0', severity: 'unknown' }]);
    await ports.control.setPause('amazon.nova-lite:geo', undefined);
    expect(await faultsOf(stack)).toEqual(['dead letters input']);
  });

  it('is put right from the console: dead letters go back, and a request is taken back', async () => {
    const { act } = await answers(stack);
    expect(await act({ action: 'redrive', queue: 'input' })).toEqual({ says: 'input: 1 sent back' });
    await act({ action: 'cancel', request: 'order-1' });
    expect(await faultsOf(stack)).toEqual([]);
    const QueueUrl = await stack.names('input_queue_url');
    const bodies: (string | undefined)[] = [];
    while (bodies.length < 2) {
      const { Messages = [] } = await stack.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }),
      );
      bodies.push(...Messages.map(({ Body }) => Body));
    }
    expect(bodies.sort()).toEqual(['{"cancel":"order-1"}', '{}']);
    expect(await act({ action: 'retry', request: 'nobody' })).toEqual({
      says: 'nobody  there is no record of it; 0 failed requests',
    });
  });

  it('finds a table that is gone', async () => {
    const TableName = await stack.names('reporting_table_name');
    await stack.dynamo.send(new DeleteTableCommand({ TableName }));
    await vi.waitFor(async () => expect(await faultsOf(stack)).toContain('table reporting'), 10_000);
  });
});
