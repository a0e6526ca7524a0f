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

/** For the resource policy of a queue or bucket: nobody talks to it in clear. */
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

/** A statement that is in the policy only while a variable is true. */
export interface OptionalStatement {
  when: TerraformVariable;
  statement: Statement;
}

export function policyDocument(statements: Omit<Statement, 'Resource'>[] | Statement[]): string {
  return Fn.jsonencode({ Version: '2012-10-17', Statement: statements });
}

/** Whole documents to choose from: CDKTF cannot nest its functions around text with references in it. */
export function policyDocumentWith(statements: Statement[], optional: OptionalStatement | undefined): string {
  if (optional === undefined) return policyDocument(statements);
  const { when, statement } = optional;
  return Fn.conditional(when.value, policyDocument([...statements, statement]), policyDocument(statements));
}
