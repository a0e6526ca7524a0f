/** The whole smoother on this machine, wired in one place: the synthesised stack, Bedrock's simulator, the local cloud. */
import type { Enforcement } from '../../local/bedrock/accounting.ts';
import { type BedrockSimulator, startBedrockSimulator } from '../../local/bedrock/simulator.ts';
import type { FaultHook } from '../../local/gateway/gateway.ts';
import { type LocalCloud, startLocalCloud } from '../../local/local-cloud.ts';
import { PROJECT_FOLDER, type Synthesis, synthesise } from './synthesis.ts';

export interface Quota {
  requestsPerMinute: number;
  tokensPerMinute: number;
}

/** Lets the examples end in about half a minute, most of it above the quota. */
export const DEFAULT_QUOTA: Quota = { requestsPerMinute: 480, tokensPerMinute: 2_000_000 };

/** Required by the stack; nothing is sent to it here. */
export const EXAMPLE_EMAIL = 'platform-team@example.com';

export interface LocalSmootherOptions {
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
  /** An emulator of DynamoDB, SQS and S3 that runs elsewhere, in place of the embedded ones. */
  backendUrl?: string;
  /** Terraform has applied the stack there: it is used as it is, and stays. */
  applied?: boolean;
  onLog?: (functionName: string, line: string) => void;
  faults?: FaultHook;
  /** A stack that has been synthesised already and that the caller removes. Default: it is built now. */
  synthesis?: Pick<Synthesis, 'stack' | 'folder'>;
  /** Told before each step that takes a while. */
  onStep?: (step: string) => void;
}

export interface LocalSmoother {
  cloud: LocalCloud;
  bedrock: BedrockSimulator;
  /** Ends every process and listener, and removes what was built. */
  stop(): Promise<void>;
}

/** @throws SynthesisError, TerraformError */
export async function startLocalSmoother(options: LocalSmootherOptions): Promise<LocalSmoother> {
  const { quota = DEFAULT_QUOTA, variables = {}, models, onStep = () => undefined } = options;
  const started: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const stopOne of started.splice(0).reverse()) await stopOne();
  };
  const profiles = applicationProfilesOf(variables);
  try {
    const synthesis = options.synthesis ?? (await built(onStep, started));
    const bedrock = await startBedrockSimulator({
      ...quota,
      enforcement: options.enforcement,
      enforcementByModel: options.enforcementByModel,
      seed: options.seed,
      latencyMedianMs: options.latencyMedianMs,
      applicationProfiles: profiles,
    });
    started.push(bedrock.close);
    onStep('Starting the local cloud');
    const cloud = await startLocalCloud({
      stack: synthesis.stack,
      assetsFolder: synthesis.folder,
      variables: { notification_email: EXAMPLE_EMAIL, ...variables },
      bedrockUrl: bedrock.url,
      bedrockQuotas: { ...quota, models: [...models, ...Object.values(profiles)] },
      applicationProfiles: profiles,
      backendUrl: options.backendUrl,
      applied: options.applied,
      onLog: options.onLog,
      faults: options.faults,
    });
    started.push(cloud.stop);
    return { cloud, bedrock, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function built(onStep: (step: string) => void, started: (() => Promise<void>)[]): Promise<Synthesis> {
  onStep('Building and synthesising the stack');
  const synthesis = await synthesise(PROJECT_FOLDER);
  started.push(synthesis.remove);
  return synthesis;
}

/** The application inference profiles that the variables name exist in the local account; the stack checks their form. */
function applicationProfilesOf(variables: Readonly<Record<string, unknown>>): Record<string, string> {
  return { ...(variables.application_inference_profiles as Record<string, string> | undefined) };
}
