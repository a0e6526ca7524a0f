/**
 * The model catalog: which models share a quota, and how they count. Data: models.json, with source and date by kind of
 * value, and the reason of each value that has none (`assumed`); docs/models.md is written from it.
 * Wherever a model's id is asked for, the name of its lane does as well.
 */
import { knownAs, type Profiles } from '../../request/model-id.ts';
import type { Limits } from './limits.ts';
import data from './models.json' with { type: 'json' };

export type Kind = 'on-demand' | 'geo' | 'global';

/** Service Quotas codes of one kind; some models have no quota of requests. */
export interface QuotaCodes {
  requests?: string;
  tokens?: string;
}

export interface CatalogModel {
  /** As in the names of its quotas. */
  label: string;
  /** Most tokens that one answer may have. */
  output_tokens: number;
  context_tokens: number;
  quotas: Partial<Record<Kind, QuotaCodes>>;
  /** AWS defaults as last seen; used until Service Quotas has answered. */
  limits?: Partial<Record<Kind, Limits>>;
  /** Values without a source, by path such as `limits.geo.tokens_per_minute`: why they are as they are. */
  assumed?: Record<string, string>;
}

const MODELS: Record<string, CatalogModel> = data.models;
const COUNTED = new Set(data.count_tokens);
const BURNDOWN = data.burndown.map(({ match, rate }) => ({ match: new RegExp(match), rate }));
const GEO_PREFIX = new RegExp(`^(${data.geo_prefixes.join('|')})\\.`);

/**
 * The lane of a model id, inference profile id or ARN: what shares one Bedrock quota in one Region, e.g.
 * `anthropic.claude-sonnet-4-5:geo`. All geo profiles of a model share a lane; so do the dated versions of one.
 */
export function laneOf(modelId: string): string {
  const { name, kind } = parseModelId(modelId);
  return `${name}:${kind}`;
}

/** What a model's output tokens cost at settlement, in quota tokens. Unknown models: the most cautious of the family. */
export function burndownOf(modelId: string): number {
  const { name } = parseModelId(modelId);
  return BURNDOWN.find(({ match }) => match.test(name))?.rate ?? 1;
}

/** The catalog's entry, or undefined for an unknown model. */
export function modelOf(modelId: string): CatalogModel | undefined {
  const { name } = parseModelId(modelId);
  return Object.hasOwn(MODELS, name) ? MODELS[name] : undefined;
}

/** Most tokens that an answer of the model may have; a cautious value for unknown models. */
export function outputLimitOf(modelId: string): number {
  return modelOf(modelId)?.output_tokens ?? data.cautious.output_tokens;
}

/** Most tokens that a call may have, input and output together; undefined for an unknown model. */
export function contextLimitOf(modelId: string): number | undefined {
  return modelOf(modelId)?.context_tokens;
}

/** Whether Bedrock counts the model's input beforehand (CountTokens). */
export function isCounted(modelId: string): boolean {
  return COUNTED.has(parseModelId(modelId).name);
}

/** AWS's default limits of the model's lane as last seen, or cautious ones. */
export function defaultLimitsOf(modelId: string): Limits {
  return modelOf(modelId)?.limits?.[parseModelId(modelId).kind] ?? data.cautious.limits;
}

/** Why a default limit, which has no source, is as it is; undefined where AWS's own has been seen. */
export function whyAssumed(modelId: string, limit: keyof Limits): string | undefined {
  const { name, kind } = parseModelId(modelId);
  const model = modelOf(name);
  if (model?.limits?.[kind] === undefined) return data.cautious.assumed;
  return model.assumed?.[`limits.${kind}.${limit}`];
}

/** Undefined for an unknown model or a kind without a quota of its own. */
export function quotaCodesOf(modelId: string): QuotaCodes | undefined {
  return modelOf(modelId)?.quotas[parseModelId(modelId).kind];
}

/**
 * The limits that override others for a lane: keys are model ids, profile ids, ARNs or lanes. Where several keys
 * mean the same lane, the lane's own name counts most.
 */
export function overrideOf(
  lane: string,
  overrides: Record<string, Limits>,
  profiles?: Profiles,
): Limits | undefined {
  const meant = ([key]: [string, Limits]) => laneOf(knownAs(key, profiles)) === lane;
  return overrides[lane] ?? Object.entries(overrides).find(meant)?.[1];
}

/** Resources whose ARN ends in a model id or profile id. Any other is something of the account, with a quota of its own. */
const NAMING_MODELS = ['', 'foundation-model', 'inference-profile'];

const LANE = /^(.+):(on-demand|geo|global)$/;

/** Splits an id, or a lane, into the model's name (no date, no version) and the kind of its quota. */
export function parseModelId(modelId: string): { name: string; kind: Kind } {
  const [, model, laneKind] = LANE.exec(modelId) ?? [];
  if (model !== undefined) return { name: model, kind: laneKind as Kind };
  const id = modelId.startsWith('arn:') ? modelId.split(':').slice(5).join(':') : modelId;
  const [resource = '', profile = ''] = id.includes('/') ? id.split(/\/(.*)/s) : ['', id];
  if (!NAMING_MODELS.includes(resource)) {
    return { name: `${resource}.${plain(profile)}`, kind: 'on-demand' };
  }
  if (profile.startsWith('global.')) return { name: nameOf(profile.slice('global.'.length)), kind: 'global' };
  const geo = GEO_PREFIX.exec(profile);
  return geo
    ? { name: nameOf(profile.slice(geo[0].length)), kind: 'geo' }
    : { name: nameOf(profile), kind: 'on-demand' };
}

/** `anthropic.claude-sonnet-4-5-20250929-v1:0` → `anthropic.claude-sonnet-4-5`. */
function nameOf(modelId: string): string {
  return plain(
    modelId
      .replace(/:[\w.]+$/, '')
      .replace(/-v\d+(:\d+)*$/, '')
      .replace(/-\d{8}$/, ''),
  );
}

/** Keys are joined by `|` (src/core/request/keys.ts), so no lane may contain it. */
function plain(name: string): string {
  return name.replaceAll('|', '_');
}
