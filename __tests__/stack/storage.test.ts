import { describe, expect, it } from 'vitest';
import { ACCOUNT, evaluate, jsonOf, REQUIRED, resourceAt, synthesise } from './synthesis.ts';

const json = synthesise();
const stack = evaluate(json);
const at = (address: string) => resourceAt(stack, address);

interface Policy {
  Statement: {
    Effect: string;
    Principal: unknown;
    Action: string[];
    Resource: string[];
    Condition: Record<string, unknown>;
  }[];
}

describe('queues', () => {
  const queues = stack.resources('aws_sqs_queue');

  it.each(queues.map((queue) => [queue.address, queue]))(
    '%s is encrypted, large and keeps messages long',
    (_, queue) => {
      expect(queue.flag('sqs_managed_sse_enabled', false)).toBe(true);
      expect(queue.number('max_message_size', 0)).toBe(1_048_576);
      expect(queue.number('message_retention_seconds', 0)).toBe(14 * 24 * 3600);
    },
  );

  it.each(queues.map((queue) => [queue.address, queue]))(
    '%s refuses whoever comes without TLS',
    (_, queue) => {
      const policies = stack
        .resources('aws_sqs_queue_policy')
        .filter((policy) => policy.text('queue_url') === queue.text('url'));
      expect(policies).toHaveLength(1);
      const [statement] = policies.flatMap((policy) => jsonOf<Policy>(policy, 'policy').Statement);
      expect(statement).toMatchObject({
        Effect: 'Deny',
        Principal: '*',
        Action: ['sqs:*'],
        Resource: [queue.text('arn')],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      });
    },
  );

  it.each([
    ['input', 'input_dlq', 'request_ingestion'],
    ['hold_next_batch', 'hold_next_batch_dlq', 'invocation'],
  ])('%s: dead letters in %s, visible again after six timeouts of %s', (name, deadLetters, consumer) => {
    const queue = at(`aws_sqs_queue.${name}`);
    const timeout = at(`aws_lambda_function.${consumer}`).number('timeout', 0);
    expect(timeout).toBeGreaterThan(0);
    expect(queue.number('visibility_timeout_seconds', 0)).toBeGreaterThanOrEqual(6 * timeout);
    const deadLetterQueue = at(`aws_sqs_queue.${deadLetters}`);
    expect(jsonOf(queue, 'redrive_policy')).toEqual({
      deadLetterTargetArn: deadLetterQueue.text('arn'),
      maxReceiveCount: 5,
    });
    const allowed = at(`aws_sqs_queue_redrive_allow_policy.${name}_redrive_allow`);
    expect(allowed.text('queue_url')).toBe(deadLetterQueue.text('url'));
    expect(jsonOf(allowed, 'redrive_allow_policy')).toEqual({
      redrivePermission: 'byQueue',
      sourceQueueArns: [queue.text('arn')],
    });
  });
});

describe('tables', () => {
  const tables = stack.resources('aws_dynamodb_table');

  it.each(tables.map((table) => [table.address, table]))(
    '%s is on demand, encrypted, recoverable, protected',
    (_, table) => {
      expect(table.text('billing_mode')).toBe('PAY_PER_REQUEST');
      expect(table.blocks('server_side_encryption')).toEqual([{ enabled: true }]);
      expect(table.blocks('point_in_time_recovery')).toEqual([{ enabled: true }]);
      expect(table.flag('deletion_protection_enabled', false)).toBe(true);
    },
  );

  it('requests: key, indexes, stream and TTL', () => {
    const requests = at('aws_dynamodb_table.requests');
    expect(requests.text('hash_key')).toBe('request_id');
    expect(requests.has('range_key')).toBe(false);
    expect(
      requests
        .blocks('global_secondary_index')
        .map(({ name, hash_key, range_key, projection_type }) => [
          name,
          hash_key,
          range_key,
          projection_type,
        ]),
    ).toEqual([
      ['backlog', 'backlog_key', 'backlog_order', 'INCLUDE'],
      ['due', 'due_key', 'due_at', 'INCLUDE'],
    ]);
    expect(requests.text('stream_view_type')).toBe('NEW_IMAGE');
  });

  it('all forget what has expired', () => {
    for (const table of tables) {
      expect(table.blocks('ttl')).toEqual([{ attribute_name: 'expires_at', enabled: true }]);
    }
  });

  it('declare exactly the attributes that are keys', () => {
    for (const table of tables) {
      const keys = [
        table.text('hash_key'),
        ...(table.has('range_key') ? [table.text('range_key')] : []),
        ...table.blocks('global_secondary_index').flatMap(({ hash_key, range_key }) => [hash_key, range_key]),
      ];
      expect(
        table
          .blocks('attribute')
          .map(({ name }) => name)
          .sort(),
      ).toEqual(keys.sort());
    }
  });

  it('lanes and reporting: keys', () => {
    const keys = (name: string) => {
      const table = at(`aws_dynamodb_table.${name}`);
      return [table.text('hash_key'), table.text('range_key')];
    };
    expect(keys('lanes')).toEqual(['lane', 'item']);
    expect(keys('reporting')).toEqual(['report_id', 'row']);
  });
});

describe('calls bucket', () => {
  const bucket = at('aws_s3_bucket.bedrock_calls');

  it('its name is unique in the world', () => {
    expect(bucket.text('bucket')).toBe(`bedrock-request-smoother-calls-${ACCOUNT}-us-east-1`);
    expect(bucket.flag('force_destroy', true)).toBe(false);
  });

  it('is versioned, encrypted, private and takes TLS only', () => {
    expect(
      at('aws_s3_bucket_versioning.bedrock_calls_versioning').blocks('versioning_configuration'),
    ).toEqual([{ status: 'Enabled' }]);
    expect(
      at('aws_s3_bucket_server_side_encryption_configuration.bedrock_calls_encryption').blocks('rule'),
    ).toEqual([
      {
        apply_server_side_encryption_by_default: { sse_algorithm: 'AES256' },
        blocked_encryption_types: ['SSE-C'],
      },
    ]);
    const publicAccess = at('aws_s3_bucket_public_access_block.bedrock_calls_public_access');
    for (const block of [
      'block_public_acls',
      'block_public_policy',
      'ignore_public_acls',
      'restrict_public_buckets',
    ]) {
      expect(publicAccess.flag(block, false)).toBe(true);
    }
    expect(
      jsonOf<Policy>(at('aws_s3_bucket_policy.bedrock_calls_tls_only'), 'policy').Statement,
    ).toMatchObject([
      {
        Effect: 'Deny',
        Action: ['s3:*'],
        Resource: [bucket.text('arn'), `${bucket.text('arn')}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ]);
  });

  it('aborts uploads that were never finished, wherever they are', () => {
    const rules = at('aws_s3_bucket_lifecycle_configuration.bedrock_calls_lifecycle').blocks('rule');
    const aborting = rules.filter((rule) => rule.abort_incomplete_multipart_upload !== undefined);
    expect(aborting.map(({ filter }) => filter)).toEqual([[{ prefix: '' }]]);
  });

  describe('forgets', () => {
    /** Days until an object below the folder expires, and until its content is deleted after that. */
    const daysOf = (folder: string, retentionDays: number) => {
      const rules = resourceAt(
        evaluate(json, { ...REQUIRED, payload_retention_days: retentionDays }),
        'aws_s3_bucket_lifecycle_configuration.bedrock_calls_lifecycle',
      ).blocks('rule');
      const applying = rules.filter(({ filter }) => JSON.stringify(filter) === `[{"prefix":"${folder}/"}]`);
      return applying.map(({ expiration, noncurrent_version_expiration }) => [
        expiration,
        noncurrent_version_expiration,
      ]);
    };
    it.each(['inbox', 'payloads', 'outputs'])(
      '%s after the retention, and old versions a day later',
      (folder) => {
        expect(daysOf(folder, 30)).toEqual([[[{ days: 30 }], [{ noncurrent_days: 1 }]]]);
      },
    );

    it.each([
      [2, 2],
      [30, 14],
    ])('batches after %i days, and an old version when no batch needs it any more, after %i', (days, old) => {
      expect(daysOf('batches', days)).toEqual([[[{ days }], [{ noncurrent_days: old }]]]);
    });

    it('no output while its result may still be on the queue', () => {
      const messageDays = at('aws_sqs_queue.bedrock_results').number('message_retention_seconds', 0) / 86_400;
      expect(daysOf('outputs', 2)).toEqual([[[{ days: messageDays + 1 }], [{ noncurrent_days: 1 }]]]);
      expect(daysOf('payloads', 2)).toEqual([[[{ days: 2 }], [{ noncurrent_days: 1 }]]]);
    });
  });
});
