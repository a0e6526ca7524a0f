import type { DataAwsCallerIdentity } from '@cdktf/provider-aws/lib/data-aws-caller-identity';
import type { DataAwsPartition } from '@cdktf/provider-aws/lib/data-aws-partition';
import type { Variables } from './variables.ts';

/** What every part of the stack may ask for. */
export interface Context {
  variables: Variables;
  account: DataAwsCallerIdentity;
  partition: DataAwsPartition;
}

/** The name of a resource: the prefix keeps environments of one account and Region apart. */
export function nameOf({ variables }: Context, name: string): string {
  return `${variables.name_prefix.stringValue}-${name}`;
}

/** Where prioritization's own metrics are found: one namespace an environment. */
export function metricsNamespace({ variables }: Context): string {
  return variables.name_prefix.stringValue;
}
