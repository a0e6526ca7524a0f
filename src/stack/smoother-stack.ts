import { DataAwsCallerIdentity } from '@cdktf/provider-aws/lib/data-aws-caller-identity';
import { DataAwsPartition } from '@cdktf/provider-aws/lib/data-aws-partition';
import { AwsProvider } from '@cdktf/provider-aws/lib/provider';
import { TerraformElement, TerraformStack } from 'cdktf';
import { Construct, type Node } from 'constructs';
import { type Backend, defineBackend } from './backend.ts';
import { defineBatchTopic } from './batch-topic.ts';
import type { FunctionBundles } from './bundle.ts';
import { defineCallsBucket } from './calls-bucket.ts';
import type { Context } from './context.ts';
import { defineDeletionGuard } from './deletion-guard.ts';
import { defineFunctions } from './functions.ts';
import { defineMonitoring } from './monitoring.ts';
import { defineOutputs } from './outputs.ts';
import { defineQueries } from './queries.ts';
import { defineQueues } from './queues.ts';
import { defineTables } from './tables.ts';
import { defineTriggers } from './triggers.ts';
import { declareVariables } from './variables.ts';

export interface SmootherStackConfig {
  bundles: FunctionBundles;
  /** Default: `local`. */
  backend?: Backend;
}

/** The oldest Terraform that has every function and argument that the stack uses. */
const TERRAFORM = '>= 1.5';

export class SmootherStack extends TerraformStack {
  constructor(scope: Construct, id: string, { bundles, backend = 'local' }: SmootherStackConfig) {
    super(scope, id);
    this.addOverride('terraform.required_version', TERRAFORM);
    defineBackend(this, backend);
    const variables = declareVariables(this);
    new AwsProvider(this, 'aws', {
      region: variables.aws_region.stringValue,
      defaultTags: [{ tags: { Application: id, Environment: variables.name_prefix.stringValue } }],
    });
    const context: Context = {
      variables,
      account: new DataAwsCallerIdentity(this, 'current_account'),
      partition: new DataAwsPartition(this, 'current_partition'),
    };
    const bucket = defineCallsBucket(this.#group('bucket'), context);
    const stores = {
      bucket,
      queues: defineQueues(this.#group('queues'), context, bucket),
      tables: defineTables(this.#group('tables'), context),
      batchTopic: defineBatchTopic(this.#group('topics'), context),
    };
    const functions = defineFunctions(this.#group('functions'), context, stores, bundles);
    defineTriggers(this.#group('triggers'), context, stores, functions);
    const monitoring = defineMonitoring(this.#group('monitoring'), context, stores, functions);
    defineQueries(this.#group('queries'), context, functions);
    defineOutputs(this, context, stores, functions, monitoring);
    // Last: it depends on all resources above.
    defineDeletionGuard(this.#group('guard'), context, this);
  }

  /** A separate scope for each part: a table and a function may both be called `reporting`. */
  #group(id: string): Construct {
    return new Construct(this, id);
  }

  /** Plain addresses such as `aws_sqs_queue.input`: the ids below the group, without `default`. */
  protected override allocateLogicalId(element: TerraformElement | Node): string {
    const node = TerraformElement.isTerraformElement(element) ? element.node : element;
    const ids = node.scopes.slice(node.scopes.indexOf(this) + 1).map((scope) => scope.node.id);
    const [first, ...belowGroup] = ids;
    return (belowGroup.length > 0 ? belowGroup : [first]).filter((id) => id !== 'default').join('_');
  }
}
