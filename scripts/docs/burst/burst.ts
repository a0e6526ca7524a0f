/** The burst that the README shows: through the smoother and, as a control, straight to Bedrock; on the virtual clock. */
import { defaultSettings } from '../../../src/lab/bench/bench.ts';
import { figuresOf } from '../../../src/lab/bench/figures.ts';
import { type StraightRequest, sendStraight } from '../../../src/lab/bench/straight.ts';
import {
  arrivalsOf,
  CHAT,
  meanCharge,
  type Stream,
  TARGETS,
  type Workload,
} from '../../../src/lab/simulation/workload.ts';
import { BEGIN_MS, World } from '../../../src/lab/simulation/world.ts';
import { resolveModel } from '../../../src/local/bedrock/models.ts';

/** Everything that the picture and the text beside it show. */
export interface Burst {
  /** ISO date. */
  measuredOn: string;
  tokensPerMinute: number;
  secondsPerSample: number;
  /** Tokens of the minute before each sample, 1 = the quota. */
  demand: number[];
  straight: { answered: number[]; refused: number[] };
  smoother: { answered: number[] };
  figures: {
    requests: number;
    straight: Path;
    smoother: Path & {
      /** Of the quota, while requests waited. */
      used: number;
      /** The most that waited at once. */
      waiting: number;
    };
  };
}

/** What became of the requests on one of the two ways. */
export interface Path {
  answered: number;
  calls: number;
  /** Calls that Bedrock refused with 429. */
  refused: number;
  urgent: {
    requests: number;
    answered: number;
    /** From sent by the producer to admitted by Bedrock, of those that were. */
    waitP95Ms: number;
  };
}

interface Tokens {
  at: number;
  tokens: number;
}

const MINUTE_MS = 60_000;
const MINUTES = 14;
const SAMPLE_MS = 10_000;
const MODEL = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0';
const TOKENS_PER_MINUTE = 1_000_000;
const RUN = { enforcement: 'sliding-window', seed: 1 } as const;

/** Two fifths of the quota all the time, and for two minutes three times the quota on top. */
function workload(): Workload {
  const perMinute = TOKENS_PER_MINUTE / meanCharge(CHAT, resolveModel(MODEL).burndown);
  const stream = (
    fields: Pick<Stream, 'priority' | 'tenant'>,
    share: number,
    [from, to]: [number, number],
  ): Stream => ({
    ...fields,
    modelId: MODEL,
    sizes: CHAT,
    perMinute: share * perMinute,
    fromMs: from * MINUTE_MS,
    toMs: to * MINUTE_MS,
  });
  const arrivals = arrivalsOf(
    [
      stream({ priority: 1, tenant: 'chat' }, 0.15, [0, MINUTES]),
      stream({ priority: 3, tenant: 'reports' }, 0.25, [0, MINUTES]),
      stream({ priority: 5, tenant: 'nightly' }, 3, [2, 4]),
    ],
    RUN.seed,
  );
  return {
    name: 'burst',
    about: 'Three times the quota for two minutes, on top of two fifths',
    lanes: [{ modelId: MODEL, limits: { requestsPerMinute: 10_000, tokensPerMinute: TOKENS_PER_MINUTE } }],
    durationMs: (MINUTES + 1) * MINUTE_MS,
    latency: { firstTokenMs: 700, perTokenMs: 12 },
    targets: TARGETS,
    arrivals,
  };
}

export async function measureBurst(today: Date): Promise<Burst> {
  const burst = workload();
  const straight = await sendStraight(burst, RUN);
  const observation = await new World(burst, defaultSettings(RUN.enforcement, RUN.seed)).run();
  const figures = figuresOf(burst, observation, RUN);
  const answered = observation.requests.filter(({ status }) => status === 'COMPLETED');
  const urgent = observation.requests.filter(({ priority }) => priority === 1);
  return {
    measuredOn: today.toISOString().slice(0, 10),
    tokensPerMinute: TOKENS_PER_MINUTE,
    secondsPerSample: SAMPLE_MS / 1_000,
    demand: samples(straight.map(({ arrivedAt, charge }) => ({ at: arrivedAt, tokens: charge }))),
    straight: { answered: samples(admitted(straight)), refused: samples(refused(straight)) },
    smoother: {
      answered: samples(answered.map(({ startedAt = 0, charge }) => ({ at: startedAt, tokens: charge }))),
    },
    figures: {
      requests: straight.length,
      straight: straightPath(straight),
      smoother: {
        answered: answered.length,
        calls: figures.calls,
        refused: observation.calls.filter(({ end }) => end === 'throttled').length,
        urgent: {
          requests: urgent.length,
          answered: urgent.filter(({ status }) => status === 'COMPLETED').length,
          waitP95Ms: Math.round(figures.waitMs[1]?.p95 ?? 0),
        },
        used: rounded(figures.utilisation[0]?.used ?? 0),
        waiting: mostWaiting(
          observation.requests.map(({ acceptedAt, startedAt = observation.endedAt }) => ({
            from: acceptedAt,
            until: startedAt,
          })),
        ),
      },
    },
  };
}

function straightPath(requests: readonly StraightRequest[]): Path {
  const answered = requests.filter(({ startedAt }) => startedAt !== undefined);
  const refusals = requests.reduce((sum, { refusedAt }) => sum + refusedAt.length, 0);
  const urgent = requests.filter(({ priority }) => priority === 1);
  const waits = urgent.flatMap(({ arrivedAt, startedAt }) =>
    startedAt === undefined ? [] : [startedAt - arrivedAt],
  );
  return {
    answered: answered.length,
    calls: answered.length + refusals,
    refused: refusals,
    urgent: { requests: urgent.length, answered: waits.length, waitP95Ms: Math.round(p95(waits)) },
  };
}

function admitted(requests: readonly StraightRequest[]): Tokens[] {
  return requests.flatMap(({ startedAt: at, charge: tokens }) => (at === undefined ? [] : [{ at, tokens }]));
}

function refused(requests: readonly StraightRequest[]): Tokens[] {
  return requests.flatMap(({ refusedAt, charge: tokens }) => refusedAt.map((at) => ({ at, tokens })));
}

function samples(events: readonly Tokens[]): number[] {
  const ends = Array.from(
    { length: (MINUTES * MINUTE_MS) / SAMPLE_MS + 1 },
    (_, index) => BEGIN_MS + index * SAMPLE_MS,
  );
  return ends.map((end) => {
    const within = events.filter(({ at }) => at > end - MINUTE_MS && at <= end);
    return rounded(within.reduce((sum, { tokens }) => sum + tokens, 0) / TOKENS_PER_MINUTE);
  });
}

function mostWaiting(waits: readonly { from: number; until: number }[]): number {
  const changes = waits.flatMap(({ from, until }) => [
    { at: from, by: 1 },
    { at: until, by: -1 },
  ]);
  let [now, most] = [0, 0];
  for (const { by } of changes.sort((a, b) => a.at - b.at || a.by - b.by)) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

function p95(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * 0.95) - 1)] ?? 0;
}

function rounded(share: number): number {
  return Math.round(share * 1_000) / 1_000;
}
