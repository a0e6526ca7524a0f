/** Judges what was found of a stack: each finding with its remedy. */
import { costOf } from '../reporting/prices.ts';
import { type BudgetView, isZero } from './budgets.ts';
import { accessOf, codeOf, firingAlarms } from './doctor-account.ts';
import { APPLY, type Finding, fault, ok, unanswered, warning } from './findings.ts';
import type { Asked, FunctionState, Inspection, QueueState } from './inspection.ts';
import type { LaneView } from './lanes.ts';

/** The oldest Node that the commands run on. */
const LEAST_NODE = [20, 19] as const;
/** Results that nobody receives. */
const MANY_RESULTS = 10_000;
export function diagnose(found: Inspection): Finding[] {
  const before = [node(found), credentials(found), region(found)];
  // Without them every other answer would only say so again.
  if (before.some(({ check, severity }) => check === 'credentials' && severity === 'fault')) return before;
  if ('error' in found.region) return before;
  return [
    ...before,
    ...Object.entries(found.tables).map(([name, asked]) => existing(`table ${name}`, asked)),
    ...Object.entries(found.queues).map(([name, asked]) => queue(name, asked)),
    existing('calls bucket', found.bucket),
    ...Object.entries(found.functions).map(([name, asked]) => lambda(name, asked)),
    codeOf(found),
    concurrency(found),
    subscriptions(found),
    ...firingAlarms(found),
    ...Object.entries(found.deadLetters).map(([name, asked]) => deadLetters(name, asked)),
    ...lanes(found),
    ...accessOf(found),
    ...budgets(found),
  ];
}

/** Whether anything keeps the stack from working as it should. */
export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity !== 'fault');
}

function node({ node: version }: Inspection): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_NODE;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor)
    ? ok('Node.js', version)
    : fault('Node.js', `${version} is too old.`, `Install Node.js ${LEAST_NODE.join('.')} or newer`);
}

/** As AWS refuses credentials that are there, but have expired or are of nobody. */
const REFUSED =
  /^(ExpiredToken(Exception)?|RequestExpired|InvalidToken|InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidSignatureException)$/;

function credentials({ credentials: asked, tables, queues }: Inspection): Finding {
  const questions: Asked<unknown>[] = [asked, ...Object.values(tables), ...Object.values(queues)];
  const refused = questions.find((it) => 'error' in it && (it === asked || REFUSED.test(it.error)));
  if (refused !== undefined && 'error' in refused) {
    return fault('credentials', refused.says, 'Log in to AWS (aws sso login), or set AWS_PROFILE');
  }
  return ok('credentials', 'answer' in asked ? asked.answer.accessKeyId : '');
}

function region({ region: asked, stackRegion }: Inspection): Finding {
  if ('error' in asked) return fault('Region', asked.says, 'Set AWS_REGION, or give --outputs');
  if (stackRegion === undefined || stackRegion === asked.answer) return ok('Region', asked.answer);
  return fault(
    'Region',
    `The commands ask ${asked.answer}, and the stack is in ${stackRegion}.`,
    `Set AWS_REGION=${stackRegion}`,
  );
}

function existing(check: string, asked: Asked<unknown>): Finding {
  return 'answer' in asked ? ok(check, 'is there') : unanswered(check, asked, APPLY);
}

function queue(name: string, asked: Asked<QueueState>): Finding {
  const check = `queue ${name}`;
  if ('error' in asked) return unanswered(check, asked, APPLY);
  const { waiting, inFlight } = asked.answer;
  if (name === 'results' && waiting >= MANY_RESULTS) {
    return {
      ...{ check, severity: 'warning', says: `${waiting} results wait to be received.` },
      remedy: 'Find out why the consumer does not receive them: they are lost after 14 days',
    };
  }
  return ok(check, `${waiting} waiting, ${inFlight} in flight`);
}

function deadLetters(name: string, asked: Asked<QueueState>): Finding {
  const check = `dead letters ${name}`;
  if ('error' in asked) return unanswered(check, asked, APPLY);
  const count = asked.answer.waiting + asked.answer.inFlight;
  return count === 0
    ? ok(check, 'none')
    : fault(check, `There are ${count}.`, `Look at them: smoother dead-letters list --queue ${name}`);
}

function lambda(name: string, asked: Asked<FunctionState>): Finding {
  const check = `function ${name}`;
  if ('error' in asked) return unanswered(check, asked, APPLY);
  const { state, lastUpdate, source } = asked.answer;
  if (state !== 'Active' && state !== 'Inactive') {
    return fault(
      check,
      `Its state is ${state}.`,
      'Look at the function in the Lambda console, and apply the stack again',
    );
  }
  if (lastUpdate === 'Failed') {
    return fault(check, 'Its last update failed.', 'Apply the stack again, and look at what Terraform says');
  }
  if (source !== undefined && !source.enabled) {
    return fault(
      check,
      `Its event source is ${source.state}: it receives nothing.`,
      'Enable the trigger in the Lambda console, or apply the stack again',
    );
  }
  return ok(check, state.toLowerCase());
}

/** At once, of functions whose event sources have no limit: two leaders, and reporting. */
const WITHOUT_LIMIT = 3;
/** The lowest limit that an event source can have. */
const LEAST_CONCURRENCY = 2;
/** As the stack limits them (src/stack/triggers.ts). */
const MOST_CONCURRENT_BATCHES = 5;
const thirdOf = (workers: number) => Math.max(LEAST_CONCURRENCY, Math.floor(workers / 3));

function concurrency({ concurrency: asked, functions }: Inspection): Finding {
  const check = 'concurrency';
  if ('error' in asked) return unanswered(check, asked);
  const { limit, unreserved } = asked.answer;
  const says = `The account may run ${limit} functions at a time, ${unreserved} of them unreserved`;
  const workers = maximumConcurrencyOf(functions.invocation);
  // What is wrong with the function is a finding of its own.
  if (workers === undefined) return ok(check, says);
  const ingestions = maximumConcurrencyOf(functions.ingestion) ?? thirdOf(workers);
  const followsWorkers = ingestions === thirdOf(workers);
  const neededBy = (count: number) =>
    count +
    (followsWorkers ? thirdOf(count) : ingestions) +
    Math.min(MOST_CONCURRENT_BATCHES, thirdOf(count)) +
    WITHOUT_LIMIT;
  if (unreserved >= neededBy(workers)) return ok(check, says);
  let fewer = workers - 1;
  while (fewer >= LEAST_CONCURRENCY && neededBy(fewer) > unreserved) fewer -= 1;
  const remedy = 'Ask AWS for more concurrent executions (Service Quotas, Lambda)';
  return warning(
    check,
    `${says}; the stack may need ${neededBy(workers)}, as max_concurrent_executions is ${workers}.`,
    fewer < LEAST_CONCURRENCY ? remedy : `${remedy}, or lower max_concurrent_executions to ${fewer}`,
  );
}

function maximumConcurrencyOf(asked: Asked<FunctionState>): number | undefined {
  return 'answer' in asked ? asked.answer.source?.maximumConcurrency : undefined;
}

function subscriptions({ subscriptions: asked }: Inspection): Finding {
  const check = 'alarm e-mails';
  if ('error' in asked) return unanswered(check, asked);
  const confirmed = asked.answer.filter((it) => it.confirmed);
  if (confirmed.length > 0)
    return ok(check, `sent to ${confirmed.map(({ endpoint }) => endpoint).join(', ')}`);
  const [pending] = asked.answer;
  return pending === undefined
    ? fault(
        check,
        'Nobody has subscribed to the alarms.',
        'Apply the stack again: it subscribes notification_email',
      )
    : fault(
        check,
        `${pending.endpoint} has not confirmed the subscription: alarms reach nobody.`,
        'Click the link in the e-mail from AWS (look in the spam folder), or apply the stack again for a new one',
      );
}

function lanes({ lanes: asked }: Inspection): Finding[] {
  if ('error' in asked) return [unanswered('lanes', asked, APPLY)];
  if (asked.answer.length === 0) return [ok('lanes', 'none yet: a lane begins with its first request')];
  return asked.answer.flatMap(laneFindings);
}

function laneFindings(lane: LaneView): Finding[] {
  const check = `lane ${lane.lane}`;
  const { state, health, says, remedy, assumed } = lane;
  const findings: Finding[] = [];
  if (health !== 'good') {
    findings.push({
      check,
      severity: health === 'bad' || state === 'paused' ? 'fault' : 'warning',
      says,
      remedy,
    });
  }
  if (assumed.length > 0) {
    findings.push({
      ...{
        check,
        severity: 'warning',
        says: `${assumed.join(' and ')} assumed: Service Quotas does not say.`,
      },
      remedy: 'Set quota_overrides for the model to what the Bedrock console shows, and apply the stack',
    });
  }
  return findings.length === 0 ? [ok(check, says)] : findings;
}

function budgets({ budgets: asked, lanes: found }: Inspection): Finding[] {
  if ('error' in asked) return [unanswered('budgets', asked, APPLY)];
  const all = 'answer' in found ? found.answer.map(({ lane }) => lane) : [];
  const unpriced = all.filter((lane) => costOf(lane, NO_USAGE) === undefined);
  return asked.answer.flatMap((budget) => budgetFindings(budget, unpriced));
}

const NO_USAGE = { input_tokens: 0, output_tokens: 0 };

function budgetFindings(budget: BudgetView, unpriced: string[]): Finding[] {
  const { tenant, state, at_limit, usd } = budget;
  const check = `budget of ${tenant}`;
  const findings: Finding[] = [];
  if (state !== 'within') {
    const fate = at_limit === 'refuse' ? 'are refused' : 'wait';
    const used =
      state === 'used up' ? `It is used up: requests ${fate} until 00:00 UTC.` : 'It is nearly used up.';
    const says = isZero(budget) ? `It is zero: requests ${fate} for as long as it is.` : used;
    findings.push({
      ...{ check, severity: 'warning', says },
      remedy: 'Raise it in the variable tenant_budgets, which acts within a minute',
    });
  }
  if (usd !== undefined && unpriced.length > 0) {
    findings.push({
      ...{ check, severity: 'warning' },
      says: `It is in dollars, and these have no price, so that its requests there fail: ${unpriced.join(', ')}.`,
      remedy: 'Give the tenant a budget in tokens (tokens_per_day) in place of dollars, if it needs them',
    });
  }
  return findings.length === 0 ? [ok(check, 'within its limit')] : findings;
}
