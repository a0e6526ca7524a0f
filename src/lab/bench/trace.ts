/** Real traffic: a recorded trace of arrivals, such as Microsoft's Azure LLM inference traces, as a workload. */
import { laneOf } from '../../core/lane/catalog/catalog.ts';
import { TraceFormatError } from '../simulation/errors.ts';
import { type Arrival, type SimulatedLane, TARGETS, type Workload } from '../simulation/workload.ts';

const HEADER = 'TIMESTAMP,ContextTokens,GeneratedTokens';
/** Rounded up from the longest answers of the trace. */
const MAX_TOKENS = 512;
const TENANTS = ['acme', 'globex', 'initech'] as const;
/** The quota is this part of the tokens that the trace asks for on average, so that there is a backlog at its peaks. */
const QUOTA_SHARE = 1.1;
const MINUTE_MS = 60_000;

/**
 * @param csv lines of `TIMESTAMP,ContextTokens,GeneratedTokens` in order of time, after this very header
 * @param minutes how much of it to use, from its beginning
 * @throws TraceFormatError naming the line
 */
export function traceWorkload(csv: string, minutes: number): Workload {
  const modelId = 'us.amazon.nova-pro-v1:0';
  const durationMs = minutes * MINUTE_MS;
  const arrivals = readArrivals(csv, modelId).filter(({ at }) => at < durationMs);
  const tokens = arrivals.reduce((sum, { inputTokens, outputTokens }) => sum + inputTokens + outputTokens, 0);
  const tokensPerMinute = Math.ceil((tokens / minutes) * QUOTA_SHARE);
  const lane: SimulatedLane = { modelId, limits: { requestsPerMinute: 100_000, tokensPerMinute } };
  return {
    name: 'trace',
    about: `Recorded traffic, ${arrivals.length} requests, ${tokensPerMinute} tokens a minute for ${laneOf(modelId)}`,
    lanes: [lane],
    durationMs,
    arrivals,
    latency: { firstTokenMs: 700, perTokenMs: 12 },
    targets: { ...TARGETS, urgentIsWithinShare: false },
  };
}

function readArrivals(csv: string, modelId: string): Arrival[] {
  const [header = '', ...lines] = csv.trim().split(/\r?\n/);
  if (header !== HEADER) throw new TraceFormatError(1, HEADER, header);
  let first: number | undefined;
  return lines.map((line, index) => {
    const [timestamp = '', context, generated, ...rest] = line.split(',');
    const at = Date.parse(`${timestamp.replace(' ', 'T')}Z`);
    const inputTokens = Number(context);
    const outputTokens = Number(generated);
    const isWhole = Number.isInteger(inputTokens) && Number.isInteger(outputTokens);
    if (Number.isNaN(at) || !isWhole || rest.length > 0) {
      throw new TraceFormatError(index + 2, 'a timestamp and two whole numbers', line);
    }
    first ??= at;
    return {
      ...{ at: at - first, modelId, priority: 3, tenant: TENANTS[index % TENANTS.length] ?? 'acme' },
      ...{
        inputTokens: Math.max(1, inputTokens),
        outputTokens: Math.min(Math.max(1, outputTokens), MAX_TOKENS),
      },
      maxTokens: MAX_TOKENS,
    };
  });
}
