/** The policies of the stack's roles, and the permissions that AWS itself needs from them. */
import { randomBytes } from 'node:crypto';
import type { Credentials } from './gateway/identity.ts';
import { type Permission, RolePolicy, readResourcePolicy, type ServiceGrant } from './gateway/policy.ts';
import { TerraformError } from './terraform/errors.ts';
import type { EvaluatedStack, Resource } from './terraform/stack.ts';

/** A role lacks a permission that AWS needs to run a function, to write its log or to poll its event source. */
export class RolePermissionError extends TerraformError {
  override name = 'RolePermissionError';
  constructor(
    address: string,
    readonly permission: Permission,
    purpose: string,
  ) {
    super(
      address,
      `its role may not perform ${permission.action} on ${permission.resource}, which AWS needs ${purpose}`,
    );
  }
}

/** @returns the policies of every role by the role's ARN */
export function readRoles(stack: EvaluatedStack): Map<string, RolePolicy> {
  const byName = new Map<string, RolePolicy>();
  const byArn = new Map<string, RolePolicy>();
  for (const role of stack.resources('aws_iam_role')) {
    for (const attribute of ['inline_policy', 'managed_policy_arns', 'permissions_boundary']) {
      if (role.has(attribute)) throw new TerraformError(role.address, `"${attribute}" is not supported`);
    }
    const policy = new RolePolicy();
    byName.set(role.text('name'), policy);
    byArn.set(role.text('arn'), policy);
  }
  for (const inline of stack.resources('aws_iam_role_policy')) {
    const policy = byName.get(inline.text('role'));
    if (!policy) throw new TerraformError(inline.address, `there is no role ${inline.text('role')}`);
    policy.add(inline.address, inline.text('policy'));
  }
  return byArn;
}

/** What AWS services may do by the policies of queues and buckets. */
export function readServiceGrants(stack: EvaluatedStack): ServiceGrant[] {
  return ['aws_sqs_queue_policy', 'aws_s3_bucket_policy'].flatMap((type) =>
    stack
      .resources(type)
      .flatMap((resource) => readResourcePolicy(resource.address, resource.text('policy'))),
  );
}

/** @throws RolePermissionError naming the first action that is missing */
export function demand(
  address: string,
  policy: RolePolicy,
  actions: string[],
  resource: string,
  purpose: string,
): void {
  const missing = actions
    .map((action) => ({ action, resource }))
    .find((permission) => !policy.allows(permission));
  if (missing) throw new RolePermissionError(address, missing, purpose);
}

/** The function's role must allow writing to its log group. */
export function demandLogging(lambda: Resource, policy: RolePolicy, stack: EvaluatedStack): void {
  const configured = lambda.blocks('logging_config')[0]?.log_group;
  const group = String(configured ?? `/aws/lambda/${lambda.text('function_name')}`);
  const { region, accountId } = stack.platform;
  const stream = `arn:aws:logs:${region}:${accountId}:log-group:${group}:log-stream:local`;
  demand(
    lambda.address,
    policy,
    ['logs:CreateLogStream', 'logs:PutLogEvents'],
    stream,
    "to write the function's log",
  );
}

export function newCredentials(): Credentials {
  return {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64url'),
  };
}
