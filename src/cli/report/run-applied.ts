/** A run of the smoother on a stack that Terraform has applied to an emulator. */
import { surveyOf } from '../../client/lines.ts';
import { ExternalToolError } from '../../lab/external/errors.ts';
import type { AppliedOutputs } from '../../lab/external/terraform.ts';
import { startLocalSmoother } from '../../lab/run/local-smoother.ts';
import type { Synthesis } from '../../lab/run/synthesis.ts';
import type { Printer } from '../terminal/printer.ts';
import { runAndReport } from './run-and-report.ts';

export interface AppliedStack {
  synthesis: Omit<Synthesis, 'remove'>;
  outputs: AppliedOutputs;
  /** The emulator's. */
  endpoint: string;
}

/**
 * Runs the functions here, on the tables, queues and bucket that were applied, which stay as they are.
 * @param input JSON lines of input messages
 * @returns whether all went well
 * @throws ExternalToolError when Terraform has given something another name than the local cloud would
 */
export async function runApplied(
  { synthesis, outputs, endpoint }: AppliedStack,
  input: string,
  print: Printer,
  interrupted: AbortSignal,
): Promise<boolean> {
  const { lines: total, models } = await surveyOf(input);
  const smoother = await startLocalSmoother({ synthesis, models, backendUrl: endpoint, applied: true });
  try {
    checkNames(smoother.cloud.outputs, outputs);
    return await runAndReport(smoother, { input, interrupted, total }, print);
  } finally {
    await smoother.stop();
  }
}

/** Checks that Terraform and the local cloud give the same names. */
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
