/** The whole smoother on this machine, wired in one place: the synthesised stack, the Bedrock simulator, the local cloud. */
import { knownProfiles } from '../../core/request/model-id.ts';
import type { Enforcement } from '../../local/bedrock/accounting.ts';
import { type BedrockSimulator, startBedrockSimulator } from '../../local/bedrock/simulator.ts';
import { ACCOUNT_ID } from '../../local/emulators.ts';
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from '../../local/local-cloud.ts';
import { type Synthesis, synthesise } from './synthesis.ts';

export interface Quota {
  requestsPerMinute: number;
  tokensPerMinute: number;
}

/** With it the examples take about half a minute, most of it above the quota. */
export const DEFAULT_QUOTA: Quota = { requestsPerMinute: 480, tokensPerMinute: 2_000_000 };

/** Required by the stack; nothing is sent to it here. */
export const EXAMPLE_EMAIL = 'platform-team@example.com';

export interface LocalSmootherOptions
  extends Pick<
    LocalCloudOptions,
    'accountId' | 'backendUrl' | 'applied' | 'onLog' | 'faults' | 'port' | 'operator'
  > {
  /** Models whose quotas Service Quotas lists. */
  models: readonly string[];
  /** Of every model: the simulator enforces it, and Service Quotas tells it. Default: {@link DEFAULT_QUOTA}. */
  quota?: Quota;
  /** Default: sliding-window. */
  enforcement?: Enforcement;
  /** By foundation model id, where it differs from `enforcement`. */
  enforcementByModel?: Readonly<Record<string, Enforcement>>;
  /** Of the simulator's latencies and output sizes. */
  seed?: number;
  latencyMedianMs?: number;
  /** Values of Terraform variables, as a tfvars file gives them. */
  variables?: Readonly<Record<string, unknown>>;
  /** A stack that has been synthesised already and that the caller removes. Default: it is built now. */
  synthesis?: Pick<Synthesis, 'stack' | 'folder'>;
  /** Called before each step that takes a while. */
  onStep?: (step: string) => void;
  /** Aborts the start. */
  signal?: AbortSignal;
}

export interface LocalSmoother {
  cloud: LocalCloud;
  bedrock: BedrockSimulator;
  /** Ends every process and listener, and removes what was built. */
  stop(): Promise<void>;
}

/** @throws SynthesisError, TerraformError, or the signal's reason */
export async function startLocalSmoother(options: LocalSmootherOptions): Promise<LocalSmoother> {
  const { quota = DEFAULT_QUOTA, variables = {}, models, signal } = options;
  const started: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const stopOne of started.splice(0).reverse()) await stopOne();
  };
  // Application inference profiles that the variables name exist in the local account. The stack checks their form.
  const profiles = knownProfiles(variables);
  const named = options.accountId ?? accountOf([...models, ...Object.keys(profiles)]);
  // Only another backend knows which account it speaks for.
  const accountId = named ?? (options.backendUrl === undefined ? ACCOUNT_ID : undefined);
  try {
    const synthesis = options.synthesis ?? (await built(options, started));
    const bedrock = await startBedrockSimulator({
      ...quota,
      enforcement: options.enforcement,
      enforcementByModel: options.enforcementByModel,
      seed: options.seed,
      latencyMedianMs: options.latencyMedianMs,
      applicationProfiles: profiles,
      accountId,
    });
    started.push(bedrock.close);
    signal?.throwIfAborted();
    options.onStep?.('Starting the local cloud');
    const cloud = await startLocalCloud({
      stack: synthesis.stack,
      assetsFolder: synthesis.folder,
      variables: { notification_email: EXAMPLE_EMAIL, ...variables },
      bedrockUrl: bedrock.url,
      bedrockQuotas: { ...quota, models: [...models, ...Object.values(profiles)] },
      applicationProfiles: profiles,
      accountId,
      backendUrl: options.backendUrl,
      applied: options.applied,
      port: options.port,
      operator: options.operator,
      onLog: options.onLog,
      faults: options.faults,
    });
    started.push(cloud.stop);
    return { cloud, bedrock, stop };
  } catch (error) {
    await stop();
    signal?.throwIfAborted();
    throw error;
  }
}

async function built(
  { onStep, signal }: LocalSmootherOptions,
  started: (() => Promise<void>)[],
): Promise<Synthesis> {
  onStep?.('Building and synthesising the stack');
  const synthesis = await synthesise(signal);
  started.push(synthesis.remove);
  return synthesis;
}

/** Of the ARNs among the models: the account that most of them name is the one to play. */
function accountOf(models: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const model of models) {
    const [, account] = /^arn:[^:]*:bedrock:[^:]*:(\d{12}):/.exec(model) ?? [];
    if (account !== undefined) counts.set(account, (counts.get(account) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}
