import hcl2json from '@cdktf/hcl2json';
import { describe, expect, it } from 'vitest';
import { synthesise } from './synthesis.ts';

const json = synthesise();
const addresses = Object.entries(json.resource).flatMap(([type, resources]) =>
  Object.keys(resources).map((name) => `${type}.${name}`),
);

describe('addresses', () => {
  // State is kept by address: to rename one of these is to destroy it, with what it holds, and to create it again.
  it('are the plain ones that deployments rely on', () => {
    expect(addresses).toEqual(
      expect.arrayContaining([
        'aws_sqs_queue.input',
        'aws_sqs_queue.input_dlq',
        'aws_sqs_queue.bedrock_results',
        'aws_sqs_queue.hold_next_batch',
        'aws_sqs_queue.hold_next_batch_dlq',
        'aws_sqs_queue.reporting_dlq',
        'aws_dynamodb_table.requests',
        'aws_dynamodb_table.reporting',
        'aws_dynamodb_table.lanes',
        'aws_s3_bucket.bedrock_calls',
        'aws_lambda_function.request_ingestion',
        'aws_lambda_function.prioritization',
        'aws_lambda_function.invocation',
        'aws_lambda_function.reporting',
        'aws_cloudwatch_dashboard.bedrock',
        'aws_cloudwatch_metric_alarm.bedrock_errors',
        'aws_sns_topic.alarm',
        'aws_cloudwatch_log_group.deletion_guard',
      ]),
    );
  });

  it('carry no generated suffix', () => {
    expect(addresses.filter((address) => /[0-9A-F]{8}$/.test(address))).toEqual([]);
  });

  it('are as many as there are constructs: none hides another', () => {
    const paths = Object.values(json.resource).flatMap((resources) =>
      Object.values(resources).map((resource) => JSON.stringify(resource['//'])),
    );
    expect(new Set(paths).size).toBe(addresses.length);
  });

  it('variables and outputs have their plain names', () => {
    expect(Object.keys(json.variable)).toContain('notification_email');
    expect(Object.keys(json.output)).toEqual(
      expect.arrayContaining([
        'input_queue_url',
        'bedrock_results_queue_url',
        'hold_next_batch_queue_url',
        'requests_table_name',
        'reporting_table_name',
        'bedrock_calls_bucket_name',
        'alarm_topic_arn',
      ]),
    );
  });
});

describe('expressions', () => {
  const expressions = templatesIn(json);

  it('are valid in the parser of Terraform itself', async () => {
    expect(expressions.length).toBeGreaterThan(100);
    const attributes = expressions.map((text, index) => `a${index} = "${escapeOutside(text)}"`);
    await expect(
      hcl2json.parse('expressions.tf', `locals {\n${attributes.join('\n')}\n}`),
    ).resolves.toBeTypeOf('object');
  });

  it('a broken one would be noticed', async () => {
    await expect(hcl2json.parse('broken.tf', 'locals {\n a = jsonencode("x"y)\n}')).rejects.toThrow();
  });

  it('hold no token that was computed on in TypeScript, and no value that CDKTF has lost', () => {
    expect(JSON.stringify(json)).not.toMatch(/TfToken|e\+2\d\d|undefined/);
  });
});

function templatesIn(value: unknown): string[] {
  if (typeof value === 'string') return value.includes('${') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(templatesIn);
}

/** Outside `${…}` a template is text; ours has no quotes or line breaks there. */
function escapeOutside(text: string): string {
  if (/^[^$]*["\n]/.test(text)) throw new Error(`text that needs escaping: ${text}`);
  return text;
}
