import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from '../../src/local/local-cloud.ts';

type Blocks = Record<string, Record<string, Record<string, unknown>>>;

export interface SmallFunction {
  /** The body of `async (event, context) => {…}`; `require` and `aws(service)` (a client's module) are at hand. */
  code: string;
  actions?: string[];
  timeout?: number;
  environment?: Record<string, string>;
}

const LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];

/** Handlers of these tests are not bundled: they take the SDK from the repository. */
const PREAMBLE = `const aws = (service) => require(${JSON.stringify(join(process.cwd(), 'node_modules/@aws-sdk/client-'))} + service);\n`;

/** A stack of functions, written as the synthesised JSON is, with `resources` added to it. */
export async function smallStack(functions: Record<string, SmallFunction>, resources: Blocks = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'small-stack-'));
  const stack = {
    provider: { aws: [{ region: 'us-east-1' }] },
    resource: { aws_iam_role: {}, aws_iam_role_policy: {}, aws_lambda_function: {}, ...resources } as Blocks,
  };
  for (const [name, { code, actions = [], timeout = 30, environment = {} }] of Object.entries(functions)) {
    const source = `${PREAMBLE}exports.handler = async (event, context) => {${code}};`;
    await writeFile(join(folder, `${name}.zip`), zipSync({ 'index.js': strToU8(source) }));
    const policy = { Statement: [{ Effect: 'Allow', Action: [...LOGS, ...actions], Resource: '*' }] };
    Object.assign(stack.resource, {
      aws_iam_role: { ...stack.resource.aws_iam_role, [name]: { name, assume_role_policy: '{}' } },
      aws_iam_role_policy: {
        ...stack.resource.aws_iam_role_policy,
        [name]: { role: `\${aws_iam_role.${name}.id}`, policy: JSON.stringify(policy) },
      },
      aws_lambda_function: {
        ...stack.resource.aws_lambda_function,
        [name]: {
          function_name: name,
          role: `\${aws_iam_role.${name}.arn}`,
          filename: `${name}.zip`,
          handler: 'index.handler',
          runtime: 'nodejs24.x',
          timeout,
          environment: { variables: environment },
        },
      },
    });
  }
  return { stack, assetsFolder: folder };
}

export interface SmallCloud extends LocalCloud {
  /** What functions wrote, as `name: line`. */
  lines: string[];
  /** Resolves with the first line that has the text, written already or still to come. */
  line(text: string): Promise<string>;
  /** Resolves when a function writes the next line. */
  nextLine(): Promise<void>;
  client: { endpoint: string; region: string; credentials: LocalCloud['operator'] };
}

export async function startSmallCloud(
  stack: Awaited<ReturnType<typeof smallStack>>,
  options: Partial<LocalCloudOptions> = {},
): Promise<SmallCloud> {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  const cloud = await startLocalCloud({
    ...stack,
    variables: {},
    bedrockUrl: 'http://127.0.0.1:9',
    onLog: (name, line) => {
      lines.push(`${name}: ${line}`);
      for (const look of waiting) look();
    },
    ...options,
  });
  const line = (text: string) =>
    new Promise<string>((resolve) => {
      const look = () => {
        const found = lines.find((candidate) => candidate.includes(text));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const nextLine = () =>
    new Promise<void>((resolve) => {
      const look = () => {
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
    });
  const { endpoint, region, operator } = cloud;
  return { ...cloud, lines, line, nextLine, client: { endpoint, region, credentials: operator } };
}

/** An HTTP server that answers everything with what it was asked. */
export async function echoServer() {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ path: request.url }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
