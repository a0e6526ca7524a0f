/** What checkov finds in the synthesised stack, compared with the written exceptions. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { EvaluatedStack, Resource } from '../../local/terraform/stack.ts';
import { ExternalToolError } from './errors.ts';
import type { PythonTool } from './python-tool.ts';

export const CHECKOV: PythonTool = { command: 'checkov', requirement: 'checkov==3.3.30' };

/** A failed check of one resource. */
export interface Finding {
  check: string;
  /** What the check asks for, in checkov's words. */
  title: string;
  /** E.g. `aws_lambda_function.invocation`. */
  resource: string;
}

/** A check that is left failing on purpose. */
export interface Exception {
  check: string;
  /** Addresses. */
  resources: string[];
  reason: string;
}

export interface Verdict {
  /** Failed checks without a written reason. */
  unexplained: Finding[];
  /** Reasons for checks that do not fail: they were fixed, renamed or mistyped. */
  unneeded: { check: string; resource: string }[];
}

/** The part of the parsed `cdk.tf.json` that matters here. */
export interface StackJson {
  terraform?: unknown;
  resource: Record<string, Record<string, Record<string, unknown>>>;
}

/** Arguments that hold an IAM policy. */
const POLICIES = ['policy', 'assume_role_policy'];
const FILE = 'cdk.tf.json';
const MAX_REPORT_BYTES = 64 * 1024 * 1024;

/**
 * The stack for a reader that cannot evaluate `jsonencode` with references in it, as checkov cannot. Its policies are
 * evaluated, so that they are checked too; everything else stays, including references between resources.
 * Terraform's own settings go: checkov takes no `required_version` in JSON, and checks none of them.
 */
export function withPlainPolicies(stack: StackJson, evaluated: EvaluatedStack): StackJson {
  const resource = structuredClone(stack.resource);
  for (const [type, blocks] of Object.entries(resource)) {
    for (const { address, ...values } of evaluated.resources(type).map(policiesOf)) {
      Object.assign(blocks[address.slice(type.length + 1)] as object, values);
    }
  }
  const { terraform: _, ...rest } = stack;
  return { ...rest, resource };
}

function policiesOf(resource: Resource): { address: string } {
  const policies = POLICIES.filter((name) => resource.has(name));
  return {
    ...Object.fromEntries(policies.map((name) => [name, resource.text(name)])),
    address: resource.address,
  };
}

/** Addresses of all resources. */
export function addressesOf({ resource }: StackJson): string[] {
  return Object.entries(resource).flatMap(([type, blocks]) =>
    Object.keys(blocks).map((name) => `${type}.${name}`),
  );
}

/**
 * What checkov finds in a stack.
 * @param program checkov's path
 * @throws ExternalToolError when checkov does not work, or has not read the whole stack
 */
export function scan(program: string, stack: StackJson): Finding[] {
  const text = JSON.stringify(stack, undefined, 2);
  const folder = mkdtempSync(path.join(tmpdir(), 'smoother-checkov-'));
  try {
    writeFileSync(path.join(folder, FILE), text);
    const args = ['--file', FILE, '--framework', 'terraform_json', '--output', 'json', '--compact'];
    const { stdout, stderr, error } = spawnSync(program, [...args, '--skip-download', '--soft-fail'], {
      cwd: folder,
      encoding: 'utf8',
      maxBuffer: MAX_REPORT_BYTES,
    });
    if (error) throw new ExternalToolError('checkov', error.message);
    return findingsOf(parseReport(stdout, stderr), text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Report {
  results: { failed_checks: FailedCheck[] };
  summary: { passed: number; parsing_errors: number };
}

interface FailedCheck {
  check_id: string;
  check_name: string;
  /** From the line with the resource's name to its last. */
  file_line_range: [first: number, last: number];
}

function parseReport(stdout: string, stderr: string): Report {
  try {
    return JSON.parse(stdout);
  } catch {
    throw new ExternalToolError('checkov', `no report, but:\n${stdout}${stderr}`.trim());
  }
}

/**
 * The failed checks of a report about `text`, a JSON document indented by two. The address is found by the line, since
 * checkov itself names some resources without their type.
 */
export function findingsOf({ results, summary }: Report, text: string): Finding[] {
  if (summary.parsing_errors > 0 || summary.passed === 0) {
    throw new ExternalToolError('checkov', `did not understand the stack: ${JSON.stringify(summary)}`);
  }
  const lines = text.split('\n');
  return results.failed_checks.map(({ check_id, check_name, file_line_range: [first] }) => ({
    check: check_id,
    title: check_name,
    resource: addressAt(lines, first - 1),
  }));
}

/** Types are indented by four spaces, names by six. */
function addressAt(lines: string[], index: number): string {
  const [, name] = /^ {6}"([^"]+)": \{/.exec(lines[index] ?? '') ?? [];
  const typeLine = lines.slice(0, index).findLast((line) => /^ {4}"/.test(line));
  const [, type] = /^ {4}"([^"]+)": \{/.exec(typeLine ?? '') ?? [];
  if (name === undefined || type === undefined) {
    throw new ExternalToolError('checkov', `line ${index + 1} is not where a resource begins`);
  }
  return `${type}.${name}`;
}

/** Every failed check needs a reason, and every reason a failed check. */
export function judge(findings: Finding[], exceptions: Exception[]): Verdict {
  const idOf = ({ check, resource }: { check: string; resource: string }) => `${check} ${resource}`;
  const explained = exceptions.flatMap(({ check, resources }) =>
    resources.map((resource) => ({ check, resource })),
  );
  const reasons = new Set(explained.map(idOf));
  const failed = new Set(findings.map(idOf));
  return {
    unexplained: findings.filter((finding) => !reasons.has(idOf(finding))),
    unneeded: explained.filter((exception) => !failed.has(idOf(exception))),
  };
}
