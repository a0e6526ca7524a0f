import type { DataAwsCallerIdentity } from '@cdktf/provider-aws/lib/data-aws-caller-identity';
import type { DataAwsPartition } from '@cdktf/provider-aws/lib/data-aws-partition';
import type { Variables } from './variables.ts';

/** What every part of the stack can use. */
export interface Context {
  variables: Variables;
  account: DataAwsCallerIdentity;
  partition: DataAwsPartition;
}

/** The name of a resource. The prefix keeps environments in one account and Region apart. */
export function nameOf({ variables }: Context, name: string): string {
  return `${variables.name_prefix.stringValue}-${name}`;
}

/** The namespace of prioritization's own metrics: one for each environment. */
export function metricsNamespace({ variables }: Context): string {
  return variables.name_prefix.stringValue;
}
