import { beforeAll, describe, expect, inject, it } from 'vitest';
import { type Permission, RolePolicy } from '../../src/local/gateway/policy.ts';
import exceptions from '../../src/stack/permission-exceptions.json' with { type: 'json' };
import { type EveryBranch, runEveryBranch, TENANT_PROFILE, type Use } from './every-branch.ts';

interface Grant extends Permission {
  /** The resource as the policy names it: a pattern. */
  resource: string;
}

const FUNCTIONS = ['request_ingestion', 'prioritization', 'invocation', 'reporting', 'batch'];
/** What AWS itself uses in a function's name: an action on any resource, or on those that end so. */
const unused: { action: string; resource?: string }[] = exceptions.unused;
const isUnused = (grant: Permission) =>
  unused.some(({ action, resource = '' }) => action === grant.action && grant.resource.endsWith(resource));
const anyResource = new Set(exceptions.anyResource.map(({ action }) => action));

let run: EveryBranch;
beforeAll(async () => {
  run = await runEveryBranch(inject('synthesis'));
}, 600_000);

function at(type: string, name: string) {
  const address = `${type}.${name}`;
  const found = run.stack.resources(type).find((resource) => resource.address === address);
  if (!found) throw new Error(`no ${address}`);
  return found;
}

/** Each pair of action and resource that a function's policy grants. */
function grantsOf(name: string): Grant[] {
  const { Statement } = JSON.parse(at('aws_iam_role_policy', `${name}_permissions`).text('policy')) as {
    Statement: { Action: string[]; Resource: string[] }[];
  };
  return Statement.flatMap(({ Action, Resource }) =>
    Action.flatMap((action) => Resource.map((resource) => ({ action, resource }))),
  );
}

function usesOf(name: string): Use[] {
  const principal = at('aws_lambda_function', name).text('function_name');
  return run.uses.filter((use) => use.principal === principal);
}

/** The first permission that one of the calls would lack. */
function denialUnder(grants: readonly Grant[], uses: readonly Use[]): Permission | undefined {
  const policy = new RolePolicy();
  const Statement = grants.map(({ action, resource }) => ({
    Effect: 'Allow',
    Action: action,
    Resource: resource,
  }));
  policy.add('reduced', JSON.stringify({ Statement }));
  return uses.flatMap(({ permissions }) => permissions).find((permission) => !policy.allows(permission));
}

it('the run went through its branches, and no call was denied', () => {
  expect(run.denials).toEqual([]);
  const { 'deadline-passed': expired, ...ends } = Object.fromEntries(run.ends);
  // Its message conflicts with the record that is there.
  expect(expired).toBe('EXPIRED DeadlinePassed');
  expect(ends).toMatchObject({
    short: 'COMPLETED',
    long: 'COMPLETED',
    newest: 'COMPLETED',
    version: 'COMPLETED',
    unlisted: 'COMPLETED',
    profile: 'COMPLETED',
    provisioned: 'COMPLETED',
    imported: 'COMPLETED',
    deployed: 'COMPLETED',
    router: 'COMPLETED',
    'default-router': 'COMPLETED',
    prompt: 'COMPLETED',
    guarded: 'COMPLETED',
    grounded: 'COMPLETED',
    filmed: 'COMPLETED',
    mapped: 'COMPLETED',
    tenant: 'COMPLETED',
    broke: 'FAILED BudgetUsedUp',
    counted: 'COMPLETED',
    invalid: 'REJECTED InvalidMessage',
    'release-lost': 'FAILED PayloadMissing',
    'too-late': 'FAILED PayloadMissing',
    'result-unsent': 'COMPLETED',
  });
  expect(Object.values(ends)).toContain('REJECTED RequestIdConflict');
  expect(Object.fromEntries(run.batches)).toEqual({ answered: 'COMPLETED', cancelled: 'CANCELLED' });
});

it("a tenant's call goes through its profile, and needs the model in each Region that this leads to", () => {
  const asked = usesOf('invocation').map(({ permissions }) => permissions.map(({ resource }) => resource));
  const model = 'foundation-model/amazon.nova-lite-v1:0';
  expect(asked.find((resources) => resources.includes(TENANT_PROFILE))).toEqual([
    TENANT_PROFILE,
    `arn:aws:bedrock:us-east-1::${model}`,
    `arn:aws:bedrock:us-east-2::${model}`,
    `arn:aws:bedrock:us-west-2::${model}`,
  ]);
});

describe.each(FUNCTIONS)('%s', (name) => {
  it('is granted nothing that it does not use, but for what AWS itself uses in its name', () => {
    const uses = usesOf(name);
    const idle = grantsOf(name).filter(
      (grant) => denialUnder(without(grantsOf(name), grant), uses) === undefined,
    );
    const unexplained = idle.filter((grant) => !isUnused(grant));
    expect(unexplained).toEqual([]);
  });

  it('is denied a call, by the name of its action, without any one of its grants', () => {
    const uses = usesOf(name);
    for (const grant of grantsOf(name)) {
      if (isUnused(grant)) continue;
      expect(denialUnder(without(grantsOf(name), grant), uses)?.action).toBe(grant.action);
    }
    // The control: with all of them, none is.
    expect(denialUnder(grantsOf(name), uses)).toBeUndefined();
  });

  it('names its resources wherever the service knows any', () => {
    const wide = grantsOf(name).filter(({ resource }) => resource === '*');
    expect(wide.filter(({ action }) => !anyResource.has(action))).toEqual([]);
  });
});

it('every exception is one that some policy needs', () => {
  const grants = FUNCTIONS.flatMap(grantsOf);
  const needed = ({ action, resource = '' }: { action: string; resource?: string }) =>
    grants.some((grant) => grant.action === action && grant.resource.endsWith(resource));
  expect(unused.filter((exception) => !needed(exception))).toEqual([]);
  expect(
    [...anyResource].filter((action) => !grants.some((it) => it.action === action && it.resource === '*')),
  ).toEqual([]);
});

function without(grants: readonly Grant[], one: Grant): Grant[] {
  return grants.filter(({ action, resource }) => action !== one.action || resource !== one.resource);
}
