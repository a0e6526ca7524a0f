import { S3Bucket } from '@cdktf/provider-aws/lib/s3-bucket';
import { S3BucketLifecycleConfiguration } from '@cdktf/provider-aws/lib/s3-bucket-lifecycle-configuration';
import { S3BucketOwnershipControls } from '@cdktf/provider-aws/lib/s3-bucket-ownership-controls';
import { S3BucketPolicy } from '@cdktf/provider-aws/lib/s3-bucket-policy';
import { S3BucketPublicAccessBlock } from '@cdktf/provider-aws/lib/s3-bucket-public-access-block';
import { S3BucketServerSideEncryptionConfigurationA } from '@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration';
import { S3BucketVersioningA } from '@cdktf/provider-aws/lib/s3-bucket-versioning';
import { Fn } from 'cdktf';
import type { Construct } from 'constructs';
import { type Context, nameOf } from './context.ts';
import { MESSAGE_RETENTION_DAYS } from './message-queue.ts';
import { denyWithoutTls, policyDocument } from './policy.ts';

/** A batch ends at most 13 days after its file came (src/core/batch/options.ts). */
const BATCH_DAYS = 14;

/**
 * Holds payloads (`payloads/`), large outputs (`outputs/`), what producers put there for large requests (`inbox/`), and batch
 * files (`batches/`) with what answers them (`batch-outputs/`).
 */
export function defineCallsBucket(scope: Construct, context: Context): S3Bucket {
  const { variables, account } = context;
  const bucket = new S3Bucket(scope, 'bedrock_calls', {
    // Bucket names are unique across all accounts: account and Region make ours so.
    bucket: `${nameOf(context, 'calls')}-${account.accountId}-${variables.aws_region.stringValue}`,
    forceDestroy: variables.force_destroy.booleanValue,
  });
  new S3BucketOwnershipControls(scope, 'bedrock_calls_ownership', {
    bucket: bucket.id,
    rule: { objectOwnership: 'BucketOwnerEnforced' },
  });
  const publicAccess = new S3BucketPublicAccessBlock(scope, 'bedrock_calls_public_access', {
    bucket: bucket.id,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  new S3BucketServerSideEncryptionConfigurationA(scope, 'bedrock_calls_encryption', {
    bucket: bucket.id,
    rule: [
      {
        applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' },
        // S3 blocks it by default, and the provider would show the difference in every plan.
        blockedEncryptionTypes: ['SSE-C'],
      },
    ],
  });
  const versioning = new S3BucketVersioningA(scope, 'bedrock_calls_versioning', {
    bucket: bucket.id,
    versioningConfiguration: { status: 'Enabled' },
  });
  new S3BucketPolicy(scope, 'bedrock_calls_tls_only', {
    bucket: bucket.id,
    policy: policyDocument([denyWithoutTls('s3:*', [bucket.arn, `${bucket.arn}/*`])]),
    // S3 rejects both at once on a new bucket.
    dependsOn: [publicAccess],
  });
  const retentionDays = variables.payload_retention_days.numberValue;
  const outputDays: number = Fn.max([retentionDays, MESSAGE_RETENTION_DAYS + 1]);
  new S3BucketLifecycleConfiguration(scope, 'bedrock_calls_lifecycle', {
    bucket: bucket.id,
    rule: [
      expire('inbox', retentionDays),
      expire('payloads', retentionDays),
      // The output that a result names exists for as long as the result may wait on its queue.
      expire('outputs', outputDays),
      // A file that is replaced or deleted while its batch runs is still read, in the version that was dropped.
      expire('batches', retentionDays, Fn.min([retentionDays, BATCH_DAYS])),
      expire('batch-outputs', outputDays),
      {
        id: 'abort-failed-uploads',
        status: 'Enabled',
        filter: [{ prefix: '' }],
        abortIncompleteMultipartUpload: [{ daysAfterInitiation: 1 }],
      },
    ],
    dependsOn: [versioning],
  });
  return bucket;
}

/** Expiring an object makes its content a noncurrent version, which is then really deleted after another day, or more. */
function expire(folder: string, days: number, noncurrentDays = 1) {
  return {
    id: `expire-${folder}`,
    status: 'Enabled',
    filter: [{ prefix: `${folder}/` }],
    expiration: [{ days }],
    noncurrentVersionExpiration: [{ noncurrentDays }],
  };
}
