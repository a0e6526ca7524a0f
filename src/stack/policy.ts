import { Fn, type TerraformVariable } from 'cdktf';

export interface Statement {
  Sid: string;
  Effect: 'Allow' | 'Deny';
  Action: string[];
  Resource: string[];
  Principal?: '*' | { Service: string };
  Condition?: Record<string, Record<string, string>>;
}

export function allow(sid: string, actions: string[], resources: string[]): Statement {
  return { Sid: sid, Effect: 'Allow', Action: actions, Resource: resources };
}

/** For the policy of a queue or bucket: requests without TLS are denied. */
export function denyWithoutTls(action: string, resources: string[]): Statement {
  return {
    Sid: 'DenyWithoutTls',
    Effect: 'Deny',
    Principal: '*',
    Action: [action],
    Resource: resources,
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
}

/** A statement that is part of the policy only while a variable is true. */
export interface OptionalStatement {
  when: TerraformVariable;
  statement: Statement;
}

export function policyDocument(statements: Omit<Statement, 'Resource'>[] | Statement[]): string {
  return Fn.jsonencode({ Version: '2012-10-17', Statement: statements });
}

/** A choice between two whole documents, because CDKTF cannot nest its functions around text that contains references. */
export function policyDocumentWith(statements: Statement[], optional: OptionalStatement | undefined): string {
  if (optional === undefined) return policyDocument(statements);
  const { when, statement } = optional;
  return Fn.conditional(when.value, policyDocument([...statements, statement]), policyDocument(statements));
}
