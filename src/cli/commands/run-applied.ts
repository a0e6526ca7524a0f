/** A run of the smoother on a stack that Terraform has applied to an emulator. */
import { ExternalToolError } from '../../lab/external/errors.ts';
import type { AppliedOutputs } from '../../lab/external/terraform.ts';
import { readReportRows } from '../../lab/run/report-rows.ts';
import { run } from '../../lab/run/run.ts';
import type { Synthesis } from '../../lab/run/synthesis.ts';
import { startLocalCloud } from '../../local/local-cloud.ts';
import type { Terminal } from '../terminal/progress.ts';
import { startOptions } from '../terminal/start-flags.ts';

export interface AppliedStack {
  synthesis: Omit<Synthesis, 'remove'>;
  outputs: AppliedOutputs;
  /** Of the emulator. */
  endpoint: string;
}

/**
 * The functions run here, on the tables, queues and bucket that were applied, which stay as they are. True: all as it
 * should be.
 * @param input JSON lines of input messages
 * @throws ExternalToolError when Terraform has given something another name than the local cloud would
 */
export function runApplied(
  { synthesis, outputs, endpoint }: AppliedStack,
  input: string,
  terminal: Terminal,
  interrupted: AbortSignal,
): Promise<boolean> {
  return run(
    { ...startOptions([], input), backend: endpoint },
    {
      synthesise: async () => ({ ...synthesis, remove: async () => {} }),
      startCloud: async (options) => {
        const cloud = await startLocalCloud({ ...options, applied: true });
        try {
          checkNames(cloud.outputs, outputs);
        } catch (error) {
          await cloud.stop();
          throw error;
        }
        return cloud;
      },
      readTfvars: async () => ({}),
      readReportRows,
      terminal,
      interrupted,
    },
  );
}

/** What Terraform made of the stack's names is what the local cloud makes of them. */
export function checkNames(ours: Record<string, unknown>, applied: AppliedOutputs): void {
  for (const [name, { value }] of Object.entries(applied)) {
    if (name.endsWith('_name') && ours[name] !== value) {
      throw new ExternalToolError(
        'terraform',
        `output ${name} is ${value}, the local cloud has ${ours[name]}`,
      );
    }
  }
}
