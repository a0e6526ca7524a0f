/**
 * An incident on the local cloud: a tenant floods a small quota, somebody else uses a part of it, and then Bedrock fails. What
 * operators see at each stage is what the real functions, the real engine and the real commands make of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { chromium } from 'playwright-core';
import { lanesText } from '../../../src/cli/commands/lanes.ts';
import { answers } from '../../../src/cli/console/answers.ts';
import { localStack, startLocalConsole } from '../../../src/cli/console/local.ts';
import { overviewText } from '../../../src/cli/report/overview-text.ts';
import { whyText } from '../../../src/cli/report/why-text.ts';
import type { LaneOverview } from '../../../src/core/operations/overview.ts';
import { type LocalSmoother, startLocalSmoother } from '../../../src/lab/run/local-smoother.ts';
import type { FaultHook } from '../../../src/local/gateway/gateway.ts';

const MODEL = 'us.amazon.nova-lite-v1:0';
const QUOTA = { requestsPerMinute: 240, tokensPerMinute: 60_000 };
const TENANT = 'nightly';
/** Of each request, about. */
const INPUT = 'The night shift reads every order once more. '.repeat(20);
/** A stage that has not come after this time never comes. */
const PATIENCE_MS = 600_000;

export interface Stage {
  name: string;
  happens: string;
  lanes: string;
  /** As `watch` shows it, live. */
  watch: string;
  why: string;
}

export interface IncidentOptions {
  chromium: string;
  /** Called with a picture of each stage. */
  onPicture: (stage: string, png: Buffer) => void;
  onStep: (step: string) => void;
}

interface Scene {
  smoother: LocalSmoother;
  setOutage(isOn: boolean): void;
}

export async function playIncident({
  chromium: executablePath,
  onPicture,
  onStep,
}: IncidentOptions): Promise<Stage[]> {
  let isOut = false;
  const faults: FaultHook = ({ action }) =>
    isOut && action.startsWith('bedrock:')
      ? { error: { code: 'ServiceUnavailableException', status: 503, message: 'Bedrock is unavailable' } }
      : undefined;
  const smoother = await startLocalSmoother({ models: [MODEL], quota: QUOTA, faults, onStep });
  const { stack, end } = localStack(smoother.cloud);
  const page = await startLocalConsole(smoother.cloud);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const stages: Stage[] = [];
  try {
    const ask = await answers(stack);
    const tab = await browser.newPage({ viewport: { width: 900, height: 900 }, colorScheme: 'light' });
    await tab.goto(page.url);
    const scene: Scene = { smoother, setOutage: (isOn) => (isOut = isOn) };
    for (const { name, happens, begin, come } of STAGES) {
      onStep(name);
      const stop = await begin(scene);
      const until = Date.now() + PATIENCE_MS;
      for (;;) {
        const { lanes } = await ask.page();
        const why = await ask.request(`${TENANT}-250`);
        if ('history' in why && lanes.some(come)) {
          await tab.waitForFunction(
            (says) => document.body.innerText.includes(says),
            lanes.find(come)?.says ?? '',
          );
          onPicture(name, await tab.locator('article').first().screenshot());
          const watch = overviewText(lanes, Date.now());
          stages.push({ name, happens, lanes: lanesText(lanes), watch, why: whyText(why) });
          break;
        }
        if (Date.now() > until) throw new Error(`"${name}" has not come: ${JSON.stringify(lanes[0]?.bound)}`);
        await sleep(1_000);
      }
      stop();
    }
    return stages;
  } finally {
    await browser.close();
    await page.close();
    end();
    await smoother.stop();
  }
}

interface Script {
  name: string;
  happens: string;
  /** @returns what ends it */
  begin: (scene: Scene) => Promise<() => void>;
  /** Whether what is to be seen is there. */
  come: (lane: LaneOverview) => boolean;
}

const STAGES: readonly Script[] = [
  {
    name: 'flood',
    happens: `The tenant \`${TENANT}\` sends 600 requests at once; the quota is ${QUOTA.tokensPerMinute.toLocaleString('en-US')} tokens a minute.`,
    begin: async ({ smoother }) => {
      await flood(smoother, 600);
      return () => undefined;
    },
    come: ({ bound }) => bound?.by === 'tokens_per_minute',
  },
  {
    name: 'foreign-use',
    happens: 'Somebody else calls the same model past the smoother.',
    begin: async ({ smoother: { bedrock } }) => {
      const timer = setInterval(() => void callPast(bedrock.url), 300);
      return () => clearInterval(timer);
    },
    come: ({ bound }) => bound?.by === 'foreign_use',
  },
  {
    name: 'outage',
    happens: 'Every call to Bedrock fails.',
    begin: async ({ setOutage }) => {
      setOutage(true);
      return () => setOutage(false);
    },
    come: ({ bound }) => bound?.by === 'failing',
  },
];

async function flood({ cloud }: LocalSmoother, requests: number): Promise<void> {
  const { stack, end } = localStack(cloud);
  for (let from = 0; from < requests; from += 10) {
    const Entries = Array.from({ length: 10 }, (_, i) => ({
      Id: String(i),
      MessageBody: JSON.stringify({
        ...{ request_id: `${TENANT}-${from + i}`, tenant: TENANT, priority: 4, model_id: MODEL },
        converse: {
          messages: [{ role: 'user', content: [{ text: INPUT }] }],
          inferenceConfig: { maxTokens: 200 },
        },
      }),
    }));
    await stack.sqs.send(
      new SendMessageBatchCommand({ QueueUrl: await stack.names('input_queue_url'), Entries }),
    );
  }
  end();
}

/** A call that the smoother knows nothing of. What becomes of it does not matter. */
async function callPast(bedrockUrl: string): Promise<void> {
  try {
    await fetch(`${bedrockUrl}/model/${encodeURIComponent(MODEL)}/converse`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        messages: [{ role: 'user', content: [{ text: INPUT }] }],
        inferenceConfig: { maxTokens: 200 },
      }),
    });
  } catch {
    // The simulator has ended.
  }
}
