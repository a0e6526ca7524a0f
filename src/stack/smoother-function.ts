import { CloudwatchLogGroup } from '@cdktf/provider-aws/lib/cloudwatch-log-group';
import { IamRole } from '@cdktf/provider-aws/lib/iam-role';
import { IamRolePolicy } from '@cdktf/provider-aws/lib/iam-role-policy';
import { LambdaFunction } from '@cdktf/provider-aws/lib/lambda-function';
import { AssetType, TerraformAsset } from 'cdktf';
import { Construct } from 'constructs';
import type { FunctionName, VariablesOf } from '../core/layout/environment.ts';
import type { Bundle } from './bundle.ts';
import { type Context, nameOf } from './context.ts';
import {
  allow,
  type OptionalStatement,
  policyDocument,
  policyDocumentWith,
  type Statement,
} from './policy.ts';

interface ConfigOf<Name extends FunctionName> {
  name: Name;
  bundle: Bundle;
  timeoutSeconds: number;
  memoryMegabytes: number;
  environment: Record<VariablesOf<Name>, string>;
  permissions: Statement[];
  optionalPermission?: OptionalStatement;
}

/** Each function has its own environment, as its handler reads it. */
export type SmootherFunctionConfig = { [Name in FunctionName]: ConfigOf<Name> }[FunctionName];

/** A function with a role, permissions and a log group of its own. */
export class SmootherFunction extends Construct {
  readonly lambda: LambdaFunction;
  readonly role: IamRole;
  readonly permissions: IamRolePolicy;
  readonly memoryMegabytes: number;

  constructor(scope: Construct, id: string, context: Context, config: SmootherFunctionConfig) {
    super(scope, id);
    this.memoryMegabytes = config.memoryMegabytes;
    const { variables } = context;
    const functionName = nameOf(context, config.name);
    const logs = new CloudwatchLogGroup(this, 'logs', {
      name: `/aws/lambda/${functionName}`,
      retentionInDays: variables.log_retention_days.numberValue,
    });
    this.role = new IamRole(this, 'role', {
      // Roles belong to the account, not to a Region: the Region in the name keeps two deployments apart.
      name: nameOf(context, `${variables.aws_region.stringValue}-${config.name}`),
      assumeRolePolicy: policyDocument([
        {
          Sid: 'LambdaAssumesRole',
          Effect: 'Allow',
          Principal: { Service: 'lambda.amazonaws.com' },
          Action: ['sts:AssumeRole'],
        },
      ]),
    });
    this.permissions = new IamRolePolicy(this, 'permissions', {
      name: config.name,
      role: this.role.id,
      policy: policyDocumentWith(
        [
          allow('WriteLogs', ['logs:CreateLogStream', 'logs:PutLogEvents'], [`${logs.arn}:*`]),
          ...config.permissions,
        ],
        config.optionalPermission,
      ),
    });
    const code = new TerraformAsset(this, 'code', {
      path: config.bundle.path,
      type: AssetType.FILE,
      assetHash: config.bundle.hash,
    });
    this.lambda = new LambdaFunction(this, 'default', {
      functionName,
      role: this.role.arn,
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
      handler: 'index.handler',
      filename: code.path,
      sourceCodeHash: code.assetHash,
      timeout: config.timeoutSeconds,
      memorySize: config.memoryMegabytes,
      environment: { variables: config.environment },
      // As text, because the JSON format would wrap our own JSON lines, and CloudWatch would find no metrics in them.
      loggingConfig: { logFormat: 'Text', logGroup: logs.name },
      dependsOn: [this.permissions],
    });
  }
}
