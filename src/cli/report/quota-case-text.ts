import { NO_QUOTA } from '../../core/operations/bound.ts';
import type { Demand, QuotaCase } from '../../core/operations/quota-case.ts';
import { counted, duration, percent } from './numbers.ts';
import { csv } from './usage-text.ts';

const NUMBER = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

const many = (count: number, ...nouns: [string, string?]) => counted(NUMBER.format(count), ...nouns);

/** Text to paste into the support case. */
export function quotaCaseText(it: QuotaCase): string {
  const { p50, p95 } = it.wait_ms;
  return [
    `Quota increase for Amazon Bedrock: ${it.model_id}`,
    '',
    `Current quota: ${quota(it)}.`,
    `Measured from ${day(it.from)} to ${day(it.to)}: ${many(it.requests, 'request')}, in ${many(it.minutes_with_demand, 'minute')} in which requests arrived.`,
    '',
    `Steady state (p50): ${demand(it, 'p50')}`,
    `Peak (p90): ${demand(it, 'p90')}`,
    `Average input tokens per request: ${known(it.average_input_tokens, NUMBER.format)}`,
    `Average output tokens per request: ${known(it.average_output_tokens, NUMBER.format)}`,
    `Requests with more than 25,000 input tokens: ${known(it.large_input_share, percent)}`,
    '',
    `Our requests wait in a queue in front of Bedrock, which releases them within the quota.`,
    ...(p50 === undefined || p95 === undefined
      ? []
      : [`They waited ${duration(p50)} (p50) and ${duration(p95)} (p95) for it.`]),
    `${many(it.throttled_calls, 'call was', 'calls were')} throttled, and ${many(it.expired_requests, 'request')} expired while they waited.`,
  ].join('\n');
}

function demand({ requests_per_minute, tokens_per_minute }: QuotaCase, part: keyof Demand): string {
  const tokens = known(tokens_per_minute?.[part], NUMBER.format);
  return `${NUMBER.format(requests_per_minute[part])} requests and ${tokens} tokens a minute`;
}

/** To be filled in by hand where nothing has been answered yet. */
function known(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? '(not known: nothing has been answered)' : text(value);
}

/** AWS can do nothing about a quota that the variable sets to zero. Undefined: it is not zero. */
export function zeroQuotaText({ limits }: Pick<QuotaCase, 'limits'>): string | undefined {
  return Object.values(limits).includes(0) ? `${NO_QUOTA.says}\n${NO_QUOTA.remedy}.` : undefined;
}

export function quotaCaseCsv({ limits, wait_ms, ...it }: QuotaCase): string {
  const { requests_per_minute, tokens_per_minute, ...rest } = it;
  const fields: Record<string, string | number> = {
    ...rest,
    average_input_tokens: it.average_input_tokens ?? '',
    average_output_tokens: it.average_output_tokens ?? '',
    large_input_share: it.large_input_share ?? '',
    quota_requests_per_minute: limits.requests_per_minute ?? '',
    quota_tokens_per_minute: limits.tokens_per_minute ?? '',
    requests_per_minute_p50: requests_per_minute.p50,
    requests_per_minute_p90: requests_per_minute.p90,
    tokens_per_minute_p50: tokens_per_minute?.p50 ?? '',
    tokens_per_minute_p90: tokens_per_minute?.p90 ?? '',
    wait_ms_p50: wait_ms.p50 ?? '',
    wait_ms_p95: wait_ms.p95 ?? '',
  };
  return csv([Object.keys(fields), Object.values(fields)]);
}

function quota({ limits: { requests_per_minute, tokens_per_minute } }: QuotaCase): string {
  const parts = [
    ...(requests_per_minute === undefined ? [] : [`${NUMBER.format(requests_per_minute)} requests a minute`]),
    ...(tokens_per_minute === undefined ? [] : [`${NUMBER.format(tokens_per_minute)} tokens a minute`]),
  ];
  return parts.length === 0 ? 'not known' : parts.join(' and ');
}

function day(iso: string): string {
  return iso.slice(0, 10);
}
