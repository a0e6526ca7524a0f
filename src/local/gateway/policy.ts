/**
 * IAM as far as the stack uses it: an action is denied unless a statement of the role allows it, and an explicit Deny
 * always wins.
 */
import { TerraformError } from '../terraform/errors.ts';

export interface Permission {
  /** E.g. `dynamodb:UpdateItem`. */
  action: string;
  /** An ARN, or `*` for an action that has no resource. */
  resource: string;
}

interface Statement {
  allow: boolean;
  actions: RegExp[];
  resources: RegExp[];
}

const ELEMENTS = ['Sid', 'Effect', 'Action', 'Resource'];

/** The policies of one role. */
export class RolePolicy {
  readonly #statements: Statement[] = [];

  /** @throws TerraformError for anything but Allow and Deny of actions on resources: nothing is guessed */
  add(address: string, document: string): void {
    for (const statement of statementsOf(address, document)) {
      const unsupported = Object.keys(statement).find((element) => !ELEMENTS.includes(element));
      if (unsupported) throw new TerraformError(address, `"${unsupported}" in a statement is not supported`);
      this.#statements.push({
        allow: effect(address, statement.Effect) === 'Allow',
        actions: texts(address, statement.Action).map((pattern) => wildcard(pattern, 'i')),
        resources: texts(address, statement.Resource).map((pattern) => wildcard(pattern, '')),
      });
    }
  }

  allows({ action, resource }: Permission): boolean {
    const applying = this.#statements.filter(
      ({ actions, resources }) =>
        actions.some((pattern) => pattern.test(action)) &&
        resources.some((pattern) => pattern.test(resource)),
    );
    return applying.length > 0 && applying.every(({ allow }) => allow);
  }
}

/** What a queue's own policy lets an AWS service do with it, on behalf of one of its resources. */
export interface ServiceGrant {
  service: string;
  /** ARN of what the service acts for, such as a bucket. */
  source: string;
  policy: RolePolicy;
}

/**
 * A queue's or bucket's own policy may deny requests that are not encrypted in transit. The local cloud ignores such
 * statements, because it uses plain HTTP inside one machine. It may also let an AWS service in that acts for a certain
 * resource. Any other statement would change who may do what, and is an error.
 * @throws TerraformError
 */
export function readResourcePolicy(address: string, document: string): ServiceGrant[] {
  return statementsOf(address, document).flatMap((statement) => {
    const { Effect, Action, Resource, Principal, Condition = {} } = statement;
    const conditions: Record<string, unknown> = Object.assign({}, ...Object.values(Object(Condition)));
    const aboutTransport = ['aws:SecureTransport', 's3:TlsVersion'].some((key) => key in conditions);
    if (Effect === 'Deny' && aboutTransport) return [];
    const { Service: service } = Object(Principal) as { Service?: unknown };
    const { 'aws:SourceArn': source } = conditions;
    if (Effect === 'Allow' && typeof service === 'string' && typeof source === 'string') {
      const policy = new RolePolicy();
      policy.add(address, JSON.stringify({ Statement: [{ Effect, Action, Resource }] }));
      return [{ service, source, policy }];
    }
    throw new TerraformError(
      address,
      `the statement "${statement.Sid ?? ''}" is not supported: it must be about encryption in transit, or let an AWS service act for an ARN`,
    );
  });
}

function statementsOf(address: string, document: string): Record<string, unknown>[] {
  const { Statement: statements } = JSON.parse(document) as { Statement?: unknown };
  if (statements === undefined) throw new TerraformError(address, 'the policy has no Statement');
  return (Array.isArray(statements) ? statements : [statements]) as Record<string, unknown>[];
}

function effect(address: string, value: unknown): 'Allow' | 'Deny' {
  if (value === 'Allow' || value === 'Deny') return value;
  throw new TerraformError(address, `Effect must be Allow or Deny, not ${JSON.stringify(value)}`);
}

function texts(address: string, value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  if (list.length > 0 && list.every((item) => typeof item === 'string')) {
    const variable = list.find((item) => item.includes('${'));
    if (variable) throw new TerraformError(address, `the policy variable in "${variable}" is not supported`);
    return list;
  }
  throw new TerraformError(address, `Action and Resource must be strings, not ${JSON.stringify(value)}`);
}

function wildcard(pattern: string, flags: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, `s${flags}`);
}
