/**
 * The model catalog: which models share a quota, and how they count. Data: models.json, with source and date by kind of
 * value, and the reason of each value that has none (`assumed`); docs/models.md is written from it.
 * Wherever a model's id is asked for, the name of its lane does as well.
 */
import { foundationModelId, knownAs, type Profiles, splitGeography } from '../../request/model-id.ts';
import { ownOf } from '../../request/own.ts';
import type { Limits } from './limits.ts';
import data from './models.json' with { type: 'json' };

export type Kind = 'on-demand' | 'geo' | 'global';

/** Service Quotas codes of one kind; some models have no quota of requests. */
export interface QuotaCodes {
  requests?: string;
  tokens?: string;
}

interface Sizes {
  /** Most tokens that one answer may have. */
  output_tokens: number;
  /** Most tokens of input and output together. */
  context_tokens?: number;
}

export interface CatalogModel extends Required<Sizes> {
  /** As in the names of its quotas. */
  label: string;
  quotas: Partial<Record<Kind, QuotaCodes>>;
  /** AWS defaults as last seen; used until Service Quotas has answered. */
  limits?: Partial<Record<Kind, Limits>>;
  /** Values without a source, by path such as `limits.geo.tokens_per_minute`: why they are as they are. */
  assumed?: Record<string, string>;
}

const MODELS: Record<string, CatalogModel> = data.models;
const FAMILIES = data.families.map(({ match, ...sizes }) => ({ match: new RegExp(match), ...sizes }));
const QUOTA_LABELS = new Map(Object.entries(data.quota_labels));
const WITHOUT_TOKEN_QUOTA = data.without_token_quota.map((models) => new RegExp(models));
const COUNTED = new Set(data.count_tokens);
const BURNDOWN = data.burndown.map(({ match, rate }) => ({ match: new RegExp(match), rate }));

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
  return scaleOf(modelId).burndown;
}

/** The catalog's entry, or undefined for an unknown model. */
export function modelOf(modelId: string): CatalogModel | undefined {
  const { name } = parseModelId(modelId);
  return ownOf(MODELS, name);
}

/** Most tokens that an answer of the model may have; a cautious value for unknown models. */
export function outputLimitOf(modelId: string): number {
  return scaleOf(modelId).sizes?.output_tokens ?? data.cautious.output_tokens;
}

/** Most tokens that a call may have, input and output together; undefined where nobody knows. */
export function contextLimitOf(modelId: string): number | undefined {
  return scaleOf(modelId).sizes?.context_tokens;
}

/** How large a call of a model may be, and how its output counts. */
interface Scale {
  /** Of the model itself, or else of its family. */
  sizes: Sizes | undefined;
  burndown: number;
}

/** A leader asks at each tick for each request that waits, so each id is looked up once. */
const SCALES = new Map<string, Scale>();
/** No account uses so many models, but ids can be made up. */
const MOST_SCALES = 1_000;

function scaleOf(modelId: string): Scale {
  const known = SCALES.get(modelId);
  if (known !== undefined) return known;
  const model = foundationModelId(parseModelId(modelId).name);
  const isMeant = ({ match }: { match: RegExp }) => match.test(model);
  const scale = {
    sizes: modelOf(modelId) ?? FAMILIES.find(isMeant),
    burndown: BURNDOWN.find(isMeant)?.rate ?? 1,
  };
  if (SCALES.size >= MOST_SCALES) SCALES.clear();
  SCALES.set(modelId, scale);
  return scale;
}

/** Whether Bedrock counts the model's input beforehand (CountTokens). */
export function isCounted(modelId: string): boolean {
  return COUNTED.has(parseModelId(modelId).name);
}

/** AWS's default limits of the model's lane as last seen, or cautious ones. */
export function defaultLimitsOf(modelId: string): Limits {
  const { name, kind } = parseModelId(modelId);
  const { tokens_per_minute, ...requests } = data.cautious.limits;
  const cautious = hasTokenQuota(name) ? data.cautious.limits : requests;
  return modelOf(modelId)?.limits?.[kind] ?? cautious;
}

/** Models for images and video, and rerankers, have a quota of requests alone. */
function hasTokenQuota(name: string): boolean {
  return !WITHOUT_TOKEN_QUOTA.some((models) => models.test(foundationModelId(name)));
}

/** What AWS calls the model in the names of its quotas, where its id does not tell. */
export function labelsOf(modelId: string): readonly string[] {
  const { name } = parseModelId(modelId);
  return QUOTA_LABELS.get(name) ?? [];
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
  return ownOf(overrides, lane) ?? Object.entries(overrides).find(meant)?.[1];
}

/** Resources whose ARN ends in a model id or profile id. Any other is something of the account, with a quota of its own. */
const NAMING_MODELS = ['foundation-model', 'inference-profile'];

const LANE = /^(.+):(on-demand|geo|global)$/;

/** Splits an id, or a lane, into the model's name (no date, no first version) and the kind of its quota. */
export function parseModelId(modelId: string): { name: string; kind: Kind } {
  const [, laneName, laneKind] = LANE.exec(modelId) ?? [];
  if (laneName !== undefined) return { name: laneName, kind: laneKind as Kind };
  if (modelId.startsWith('arn:')) {
    const [resource = '', id = ''] = modelId
      .split(':')
      .slice(5)
      .join(':')
      .split(/\/(.*)/s);
    if (!NAMING_MODELS.includes(resource)) return { name: nameOf(`${resource}.${id}`), kind: 'on-demand' };
    return parseModelId(id);
  }
  const { geography, model } = splitGeography(modelId);
  const kind = geography === undefined ? 'on-demand' : geography === 'global' ? 'global' : 'geo';
  return { name: nameOf(model), kind };
}

/**
 * `anthropic.claude-sonnet-4-5-20250929-v1:0` → `anthropic.claude-sonnet-4-5`. A later version stays in the name, because
 * it has quotas of its own: `anthropic.claude-3-5-sonnet-20241022-v2:0` → `anthropic.claude-3-5-sonnet-v2`.
 */
function nameOf(modelId: string): string {
  const [, name = modelId, version = ''] = /^(.+?)(-v\d+)?(?::[\w.:]+)?$/.exec(modelId) ?? [];
  return plain(name.replace(/-\d{8}$/, '') + (/^-v[01]$/.test(version) ? '' : version));
}

/** Keys are joined by `|` (src/core/request/keys.ts), so no lane may contain it. */
function plain(name: string): string {
  return name.replaceAll('|', '_');
}
