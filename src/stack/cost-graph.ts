/**
 * What the smoother itself costs in an hour, as far as metrics tell that AWS publishes for nothing: the starts and the time of its functions,
 * its tables and its queues. Those of S3 and of logs are not among them, and Bedrock's price is in `smoother report`.
 */
import { Tokenization } from 'cdktf';
import type { Line } from './dashboard.ts';
import type { Functions } from './functions.ts';
import type { Stores } from './stores.ts';
import tariff from './tariff.json' with { type: 'json' };

const { usd } = tariff;
const QUEUE_REQUESTS = [
  'NumberOfMessagesSent',
  'NumberOfMessagesReceived',
  'NumberOfMessagesDeleted',
  'NumberOfEmptyReceives',
];
const TABLE_UNITS = [
  ['ConsumedReadCapacityUnits', usd['read unit']],
  ['ConsumedWriteCapacityUnits', usd['write unit']],
] as const;

interface Priced {
  metric: [namespace: string, name: string, ...dimensions: string[]];
  /** US dollars for each of what the metric counts, as arithmetic of CloudWatch. */
  usd: string;
}

export function costLines({ tables, queues }: Stores, functions: Functions): Line[] {
  const ofFunctions = Object.values(functions).flatMap(({ lambda, memoryMegabytes }): Priced[] => [
    {
      metric: ['AWS/Lambda', 'Duration', 'FunctionName', lambda.functionName],
      // The memory may be a variable, which Terraform alone knows.
      usd: `${Tokenization.stringifyNumber(memoryMegabytes)}*${decimal(usd['GB-second'] / 1_024 / 1_000)}`,
    },
    {
      metric: ['AWS/Lambda', 'Invocations', 'FunctionName', lambda.functionName],
      usd: decimal(usd['function start']),
    },
  ]);
  const inIndexes = ['backlog', 'due'].map((index) => [
    tables.requests.name,
    'GlobalSecondaryIndexName',
    index,
  ]);
  const places = [...Object.values(tables).map(({ name }) => [name]), ...inIndexes];
  const ofTables = places.flatMap((place) =>
    TABLE_UNITS.map(
      ([name, price]): Priced => ({
        metric: ['AWS/DynamoDB', name, 'TableName', ...place],
        usd: decimal(price),
      }),
    ),
  );
  const used = [queues.input, queues.holdNextBatch, queues.bedrockResults, queues.batches];
  const ofQueues = used.flatMap(({ queue }) =>
    QUEUE_REQUESTS.map(
      (name): Priced => ({
        metric: ['AWS/SQS', name, 'QueueName', queue.name],
        usd: decimal(usd['queue request']),
      }),
    ),
  );
  return [
    ...sumOf('functions', 'f', ofFunctions),
    ...sumOf('tables', 't', ofTables),
    // Up to ten messages share a request.
    ...sumOf('queues, at most', 'q', ofQueues),
  ];
}

function sumOf(label: string, letter: string, priced: readonly Priced[]): Line[] {
  const terms = priced.map(({ usd }, nth) => `FILL(${letter}${nth},0)*${usd}`);
  return [
    [{ expression: `SUM([${terms.join(',')}])`, label, id: `${letter}_all` }],
    ...priced.map(({ metric }, nth) => [...metric, { id: `${letter}${nth}`, stat: 'Sum', visible: false }]),
  ];
}

function decimal(amount: number): string {
  return amount.toFixed(15);
}
