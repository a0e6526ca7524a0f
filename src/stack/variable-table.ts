/**
 * The table of variables: the one source of the Terraform variables, their validation, README's configuration table
 * and `terraform.tfvars.example`. Names, types and defaults of the first nine are the original's.
 */

export interface Rule {
  /** A Terraform expression over `var.<name>`, without `${}`. */
  condition: string;
  /** A full sentence that says what is allowed. Terraform itself shows the value that it got. */
  message: string;
}

export interface Variable {
  name: string;
  /** A Terraform type. */
  type: string;
  /** Absent: the variable is required. */
  default?: string | number | boolean | Record<string, never> | readonly never[];
  description: string;
  /** An HCL literal for `terraform.tfvars.example`, where the default alone would say too little. */
  example?: string;
  rules: readonly Rule[];
}

/** Days that CloudWatch Logs accepts (PutRetentionPolicy); 0 means forever. */
const LOG_RETENTION_DAYS = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** Far below numbers whose sum would be infinite, of which each would be no share at all. */
const MOST_WEIGHT = 1_000_000;

const LIMITS = ['requests_per_minute', 'tokens_per_minute'] as const;
const AMOUNTS = ['tokens_per_day', 'usd_per_day'] as const;

export const VARIABLES = [
  {
    name: 'aws_region',
    type: 'string',
    default: 'us-east-1',
    description: 'AWS Region that everything runs in and whose Bedrock quotas are used.',
    rules: [
      {
        condition: 'can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]+$", var.aws_region))',
        message: 'aws_region must be the name of an AWS Region, such as us-east-1.',
      },
    ],
  },
  {
    name: 'notification_email',
    type: 'string',
    description: 'E-mail address that alarms go to; AWS asks it to confirm the subscription.',
    example: '"platform-team@example.com"',
    rules: [
      {
        condition: String.raw`can(regex("^[^@\\s]+@[^@\\s]+[.][^@\\s]+$", var.notification_email))`,
        message: 'notification_email must be an e-mail address, such as platform-team@example.com.',
      },
    ],
  },
  {
    name: 'average_request_duration',
    type: 'number',
    default: 5,
    description:
      'Seconds that a Bedrock call takes on average: the first estimate, used until real calls have been measured.',
    rules: [between('average_request_duration', 0.1, 840, 'seconds')],
  },
  {
    name: 'minutes_to_process',
    type: 'number',
    default: 5,
    description: 'Minutes of quota that may be released and not yet finished at any time.',
    rules: [between('minutes_to_process', 0.1, 60, 'minutes')],
  },
  {
    name: 'max_concurrent_executions',
    type: 'number',
    default: 30,
    description:
      'Invocation workers that may run at once, with up to forty calls each: the maximum concurrency of their event source.',
    rules: [wholeNumber('max_concurrent_executions', 2, 1000, 'workers')],
  },
  {
    name: 'alarm_threshold',
    type: 'number',
    default: 5,
    description:
      'More Bedrock errors than this within five minutes raise an alarm; with 0 the first one does.',
    rules: [wholeNumber('alarm_threshold', 0, 1_000_000, 'errors')],
  },
  {
    name: 'alarm_evaluation_periods',
    type: 'number',
    default: 1,
    description: 'Five-minute periods in a row that must exceed alarm_threshold before the alarm is raised.',
    rules: [wholeNumber('alarm_evaluation_periods', 1, 36, 'periods (Metrics Insights sees three hours)')],
  },
  {
    name: 'dashboard_name',
    type: 'string',
    default: 'bedrock-errors',
    description: 'Name of the CloudWatch dashboard; unique in the account, whatever the Region.',
    rules: [
      {
        condition: 'can(regex("^[A-Za-z0-9_-]{1,255}$", var.dashboard_name))',
        message: 'dashboard_name must be 1 to 255 letters, digits, hyphens or underscores.',
      },
    ],
  },
  {
    name: 'queue_depth_threshold',
    type: 'number',
    default: 100,
    description:
      'Messages, each a bundle of up to forty requests, that may wait in the Hold Next Batch queue; while it holds as many, nothing more is released.',
    rules: [wholeNumber('queue_depth_threshold', 1, 100_000, 'messages')],
  },
  {
    name: 'name_prefix',
    type: 'string',
    default: 'bedrock-request-smoother',
    description:
      'Start of every resource name, so that several environments fit in one account. It cannot be changed later.',
    rules: [
      {
        // The bucket's name is the longest that has a limit: prefix + "-calls-" + account (12) + Region (≤ 16) ≤ 63.
        condition: 'can(regex("^[a-z][a-z0-9-]{1,22}[a-z0-9]$", var.name_prefix))',
        message:
          'name_prefix must be 3 to 24 lower-case letters, digits or hyphens, start with a letter and not end with a hyphen.',
      },
      {
        // S3 also reserves some endings, but the bucket's name ends with the Region.
        condition: '!can(regex("^(xn--|sthree-|amzn-s3-demo-)", var.name_prefix))',
        message: 'name_prefix must not start with xn--, sthree- or amzn-s3-demo-, which S3 reserves.',
      },
    ],
  },
  {
    name: 'payload_retention_days',
    type: 'number',
    default: 30,
    description:
      'Days that payloads and large outputs are kept (outputs at least 15, so that a result never outlives its output); bounds the longest wait.',
    rules: [wholeNumber('payload_retention_days', 2, 3650, 'days')],
  },
  {
    name: 'log_retention_days',
    type: 'number',
    default: 30,
    description: 'Days that logs are kept; 0 keeps them forever.',
    rules: [
      {
        condition: `contains([${LOG_RETENTION_DAYS.join(', ')}], var.log_retention_days)`,
        message: `log_retention_days must be one of ${LOG_RETENTION_DAYS.join(', ')}.`,
      },
    ],
  },
  {
    name: 'force_destroy',
    type: 'bool',
    default: false,
    description:
      'Allows destroy to delete the stack with everything in it: requests, results, reports, payloads and outputs.',
    rules: [],
  },
  {
    name: 'invocation_timeout_seconds',
    type: 'number',
    default: 300,
    description:
      'Seconds that a worker has for the calls of a bundle; a Bedrock call that is still running 15 seconds before that is given up.',
    rules: [wholeNumber('invocation_timeout_seconds', 30, 840, 'seconds')],
  },
  {
    name: 'max_attempts',
    type: 'number',
    default: 5,
    description:
      'Transient errors with which a request fails (throttles do not count). The rests between its attempts are 1, 10, 20 and 40 seconds, and then double.',
    rules: [wholeNumber('max_attempts', 1, 10, 'attempts')],
  },
  {
    name: 'max_concurrent_ingestions',
    type: 'number',
    default: 0,
    description:
      'Ingestion functions that may run at once, with ten messages each; 0 means a third of max_concurrent_executions, and at least 2.',
    rules: [
      {
        condition:
          'var.max_concurrent_ingestions == 0 || (var.max_concurrent_ingestions >= 2 && var.max_concurrent_ingestions <= 1000 && floor(var.max_concurrent_ingestions) == var.max_concurrent_ingestions)',
        message: 'max_concurrent_ingestions must be 0 or a whole number from 2 to 1000 functions.',
      },
    ],
  },
  {
    name: 'prioritization_memory_megabytes',
    type: 'number',
    default: 512,
    description:
      'Memory of the function that decides what is released, and with it its share of a processor: 256 for up to two busy lanes, more than 512 for more than five.',
    rules: [wholeNumber('prioritization_memory_megabytes', 256, 10_240, 'megabytes')],
  },
  {
    name: 'invocation_memory_megabytes',
    type: 'number',
    default: 256,
    description:
      'Memory of the functions that call Bedrock, which are paid while they wait for it. 256 holds the largest request of 25 MB; more of it means more of a processor, which sends the calls of a full bundle sooner, and costs as much more.',
    rules: [wholeNumber('invocation_memory_megabytes', 256, 10_240, 'megabytes')],
  },
  {
    name: 'results_visibility_timeout_seconds',
    type: 'number',
    default: 300,
    description:
      'Seconds that a consumer has to delete a result that it has received before the Bedrock Results queue delivers it again.',
    rules: [wholeNumber('results_visibility_timeout_seconds', 30, 43_200, 'seconds')],
  },
  {
    name: 'results_queues',
    type: 'set(string)',
    default: [],
    description:
      'Names of results queues besides the shared one: a request with "results": "<name>" is answered there. One for each service that must not meet the results of others.',
    example: '["nightly", "chat"]',
    rules: [
      {
        condition:
          'alltrue([for name in var.results_queues : can(regex("^[a-z][a-z0-9-]{0,31}$", name)) && name != "record"])',
        message:
          'results_queues must be names of 1 to 32 lower-case letters, digits or hyphens that start with a letter, other than record.',
      },
    ],
  },
  {
    name: 'quota_overrides',
    // Not of objects: Terraform would drop a key that is misspelt, and no rule would see it.
    type: 'map(map(number))',
    default: {},
    description:
      'Quotas by model id, inference profile id or lane, used in place of what Service Quotas says.',
    example: `{
  "us.anthropic.claude-sonnet-4-6" = { requests_per_minute = 600, tokens_per_minute = 400000 }
}`,
    rules: [
      {
        condition: amounts('quota_overrides', LIMITS),
        message:
          'quota_overrides must give requests_per_minute, tokens_per_minute or both for each model, none of them negative.',
      },
      {
        condition: noOtherKeys('quota_overrides', LIMITS),
        message:
          'quota_overrides must have requests_per_minute and tokens_per_minute as the only keys of a model.',
      },
    ],
  },
  {
    name: 'priority_weights',
    type: 'map(number)',
    default: {},
    description:
      'Shares of the priorities 1 to 5 while all of them have a backlog; those that are not named keep 16, 8, 4, 2 and 1.',
    example: '{ "1" = 32, "5" = 2 }',
    rules: [
      {
        condition:
          'alltrue([for priority in keys(var.priority_weights) : contains(["1", "2", "3", "4", "5"], priority)])',
        message: 'priority_weights must have priorities as keys: 1 to 5.',
      },
      weights('priority_weights'),
    ],
  },
  {
    name: 'tenant_weights',
    type: 'map(number)',
    default: {},
    description: 'Shares of tenants within a priority; a tenant that is not named has weight 1.',
    example: '{ "chat" = 3 }',
    rules: [weights('tenant_weights'), tenantNames('tenant_weights')],
  },
  {
    name: 'tenant_in_request_metadata',
    type: 'bool',
    default: true,
    description:
      'Sends the tenant of a request that names one to Bedrock, as the entry tenant of its request metadata: invocation logs show it.',
    rules: [],
  },
  {
    name: 'count_tokens',
    type: 'bool',
    default: false,
    description: 'Counts large inputs exactly on arrival (CountTokens), for the models that allow it.',
    rules: [],
  },
  {
    name: 'media_object_arns',
    type: 'list(string)',
    default: [],
    description:
      'S3 objects, besides those in the inbox of the calls bucket, that requests may name by s3Location: ARNs, with wildcards.',
    example: '["arn:aws:s3:::my-media/videos/*"]',
    rules: [
      {
        condition:
          'alltrue([for arn in var.media_object_arns : can(regex("^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]+/.+$", arn))])',
        message: 'media_object_arns must be ARNs of S3 objects, such as arn:aws:s3:::my-media/videos/*.',
      },
      {
        // A role holds 10,240 characters of policies, of which the rest takes less than 3,500.
        condition: 'length(join("", var.media_object_arns)) + 3 * length(var.media_object_arns) <= 6000',
        message:
          "media_object_arns must have at most 6,000 characters together, counting three extra for each ARN, because a role's policies have no room for more. Use wildcards.",
      },
    ],
  },
  {
    name: 'application_inference_profiles',
    type: 'map(string)',
    default: {},
    description:
      'The model id or inference profile id that each application inference profile was made from, by its ARN: the quota of that model counts.',
    example: `{
  "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6" = "us.anthropic.claude-sonnet-4-6"
}`,
    rules: [
      {
        condition:
          'alltrue([for arn in keys(var.application_inference_profiles) : can(regex("^arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]{12}:application-inference-profile/[a-z0-9]+$", arn))])',
        message:
          'application_inference_profiles must have ARNs of application inference profiles as keys, such as arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6.',
      },
      {
        condition:
          'alltrue([for model in values(var.application_inference_profiles) : can(regex("^[a-z0-9-]+([.][a-z0-9-]+)+(:[a-z0-9]+)*$", model))])',
        message:
          'application_inference_profiles must give each ARN a model id or inference profile id, such as us.anthropic.claude-sonnet-4-6.',
      },
    ],
  },
  {
    name: 'tenant_inference_profiles',
    type: 'map(map(string))',
    default: {},
    description:
      'Application inference profiles of tenants: by tenant and by model id or inference profile id, the ARN through which its calls go, so that the bill of AWS is split.',
    example: `{
  "billing" = {
    "us.anthropic.claude-sonnet-4-6" = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
  }
}`,
    rules: [
      {
        condition:
          'alltrue([for profiles in values(var.tenant_inference_profiles) : alltrue([for arn in try(values(profiles), [""]) : can(regex("^arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]{12}:application-inference-profile/[a-z0-9]+$", arn))])])',
        message:
          'tenant_inference_profiles must give each model of a tenant the ARN of an application inference profile, such as arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6.',
      },
      {
        condition:
          'alltrue([for profiles in values(var.tenant_inference_profiles) : alltrue([for model in try(keys(profiles), []) : can(regex("^[a-z0-9-]+([.][a-z0-9-]+)+(:[a-z0-9]+)*$", model))])])',
        message:
          'tenant_inference_profiles must name the models of a tenant by model id or inference profile id, such as us.anthropic.claude-sonnet-4-6.',
      },
      tenantNames('tenant_inference_profiles'),
    ],
  },
  {
    name: 'tenant_budgets',
    type: 'map(map(string))',
    default: {},
    description:
      'Budgets of tenants for a day (UTC), over all models: tokens, dollars at list prices, or both. Beyond it requests wait for the next day, or are refused (at_limit = "refuse").',
    example: `{
  "nightly" = { tokens_per_day = 50000000 }
  "trial"   = { usd_per_day = 5, at_limit = "refuse" }
}`,
    rules: [
      {
        condition: amounts('tenant_budgets', AMOUNTS),
        message:
          'tenant_budgets must give tokens_per_day, usd_per_day or both for each tenant, none of them negative.',
      },
      {
        condition:
          'alltrue([for budget in values(var.tenant_budgets) : contains(["wait", "refuse"], try(coalesce(budget.at_limit, "wait"), "wait"))])',
        message: 'tenant_budgets must have wait or refuse as at_limit.',
      },
      {
        condition: noOtherKeys('tenant_budgets', [...AMOUNTS, 'at_limit']),
        message:
          'tenant_budgets must have tokens_per_day, usd_per_day and at_limit as the only keys of a tenant.',
      },
      tenantNames('tenant_budgets'),
    ],
  },
] as const satisfies readonly Variable[];

export type VariableName = (typeof VARIABLES)[number]['name'];

function between(name: string, minimum: number, maximum: number, unit: string): Rule {
  return {
    condition: `var.${name} >= ${minimum} && var.${name} <= ${maximum}`,
    message: `${name} must be from ${minimum} to ${maximum} ${unit}.`,
  };
}

function wholeNumber(name: string, minimum: number, maximum: number, unit: string): Rule {
  return {
    condition: `var.${name} >= ${minimum} && var.${name} <= ${maximum} && floor(var.${name}) == var.${name}`,
    message: `${name} must be a whole number from ${minimum} to ${maximum} ${unit}.`,
  };
}

function weights(name: string): Rule {
  return {
    condition: `alltrue([for weight in values(var.${name}) : coalesce(weight, 0) > 0 && coalesce(weight, 0) <= ${MOST_WEIGHT}])`,
    message: `${name} must be greater than 0 and at most ${MOST_WEIGHT}.`,
  };
}

/** Each map in the variable must have a number under at least one of these keys, and none below zero. */
function amounts(name: string, keys: readonly string[]): string {
  const given = `[for key, value in given : tonumber(value) >= 0 if contains(${JSON.stringify(keys)}, key) && value != null]`;
  return `alltrue([for given in values(var.${name}) : try(length(${given}) > 0 && alltrue(${given}), false)])`;
}

function noOtherKeys(name: string, keys: readonly string[]): string {
  return `alltrue([for given in values(var.${name}) : alltrue([for key in try(keys(given), []) : contains(${JSON.stringify(keys)}, key)])])`;
}

/** Keys must be names that a request's `tenant` can have. */
function tenantNames(name: string): Rule {
  return {
    condition: `alltrue([for tenant in keys(var.${name}) : can(regex("^[A-Za-z0-9][A-Za-z0-9._:@=+-]{0,63}$", tenant))])`,
    message: `${name} must have tenants as keys: a letter or digit, then letters, digits and . _ : @ = + -, 64 characters at most.`,
  };
}
