import { afterEach, describe, expect, it, vi } from 'vitest';
import { onPath } from '../../src/lab/external/python-tool.ts';
import { StandIns } from './stand-ins.ts';
import { synthesise, type TerraformJson } from './synthesis.ts';

const GUARD = 'deletion_guard';
const PROTECTED = { name_prefix: 'smoother', force_destroy: 'false', results_queues: '["chat","nightly"]' };
const UNPROTECTED = { ...PROTECTED, force_destroy: 'true' };

const json = synthesise();
const logGroups = json.resource.aws_cloudwatch_log_group ?? {};
const guard = logGroups[GUARD] ?? {};
const addresses = Object.entries(json.resource).flatMap(([type, resources]) =>
  Object.keys(resources).map((name) => `${type}.${name}`),
);

it('depends on everything else in the stack', () => {
  const others = addresses.filter((address) => address !== `aws_cloudwatch_log_group.${GUARD}`);
  expect([...(guard.depends_on as string[])].sort()).toEqual(others.sort());
});

// Terraform runs as a process of its own several times: slow on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

describe.runIf(onPath('terraform'))('by Terraform itself', () => {
  const made: StandIns[] = [];
  afterEach(() => {
    for (const standIns of made.splice(0)) standIns.remove();
  });
  function applied(stack: TerraformJson): StandIns {
    const standIns = new StandIns(stack);
    made.push(standIns);
    expect(standIns.apply(PROTECTED)).toMatchObject({ failed: false });
    const existing = [...standIns.existing().keys()].map((address) => address.replace(/\[.*/, ''));
    expect([...new Set(existing)].sort()).toEqual([...addresses].sort());
    return standIns;
  }

  it('a destroy fails and deletes nothing, and so do another prefix and one results queue less; after force_destroy all goes', () => {
    const standIns = applied(json);
    const before = standIns.existing();

    expect(standIns.destroy(PROTECTED).failed).toBe(true);
    expect(standIns.existing()).toEqual(before);

    // Unprotected for the destroy alone: in AWS the protection is still on.
    expect(standIns.destroy(UNPROTECTED).failed).toBe(true);
    expect(standIns.existing()).toEqual(before);

    expect(standIns.apply({ ...PROTECTED, name_prefix: 'renamed' }).failed).toBe(true);
    expect(standIns.existing()).toEqual(before);

    // A results queue that is left out of the variable would take its results along.
    const without = { results_queues: '["nightly"]' };
    expect(standIns.apply({ ...PROTECTED, ...without }).failed).toBe(true);
    expect(standIns.existing()).toEqual(before);

    expect(standIns.apply(UNPROTECTED).failed).toBe(false);
    expect(standIns.apply({ ...PROTECTED, ...without }).failed).toBe(false);
    expect(standIns.existing().has('aws_sqs_queue.named_results["chat"]')).toBe(false);
    expect(standIns.apply({ ...UNPROTECTED, ...without }).failed).toBe(false);
    expect(standIns.destroy(UNPROTECTED).failed).toBe(false);
    expect(standIns.existing().size).toBe(0);
  });

  it('a guard that nothing hangs on would not stop it: the queues would go', () => {
    const free = Object.fromEntries(
      Object.entries(logGroups).map(([name, { depends_on: _, ...group }]) => [name, group]),
    );
    const standIns = applied({ ...json, resource: { ...json.resource, aws_cloudwatch_log_group: free } });
    expect(standIns.destroy(PROTECTED).failed).toBe(true);
    const left = [...standIns.existing().keys()];
    expect(left).toContain('aws_dynamodb_table.requests');
    expect(left).not.toContain('aws_sqs_queue.input');
  });
});
