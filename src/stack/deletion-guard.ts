import {
  CloudwatchLogGroup,
  type CloudwatchLogGroupConfig,
} from '@cdktf/provider-aws/lib/cloudwatch-log-group';
import { Op, TerraformIterator, TerraformResource, type TerraformStack, Token } from 'cdktf';
import type { Construct } from 'constructs';
import { type Context, nameOf } from './context.ts';

/**
 * An empty log group that depends on everything else in the stack and is protected against deletion. Terraform destroys
 * what depends on others first, also when a new prefix or Region replaces everything: it fails here, before it has
 * touched a queue or a table. Protected tables alone would not stop it from deleting what does not depend on them.
 */
export function defineDeletionGuard(scope: Construct, context: Context, stack: TerraformStack): void {
  const each = TerraformIterator.fromList(context.variables.results_queues.listValue);
  // For each name: one that is left out of the variable must not take unread results along.
  guard(scope, 'results_deletion_guard', context, stack, {
    forEach: each,
    name: `deletion-guard-results-${each.value}`,
  });
  guard(scope, 'deletion_guard', context, stack, { name: 'deletion-guard' });
}

function guard(
  scope: Construct,
  id: string,
  context: Context,
  stack: TerraformStack,
  { name, forEach }: Pick<CloudwatchLogGroupConfig, 'forEach'> & { name: string },
): void {
  const { variables } = context;
  const everything = stack.node.findAll().filter(TerraformResource.isTerraformResource);
  new CloudwatchLogGroup(scope, id, {
    forEach,
    name: nameOf(context, name),
    retentionInDays: variables.log_retention_days.numberValue,
    deletionProtectionEnabled: Token.asAny(Op.not(variables.force_destroy.value)),
    dependsOn: everything,
  });
}
