/**
 * Which quota of Service Quotas is a model's, by its name. AWS has two spellings of the names, some labels without the kind of
 * inference, and labels of models that differ from their ids by the maker's name, versions, sizes and slips of the pen.
 */
import { type Kind, labelsOf, parseModelId, type QuotaCodes } from '../../core/lane/catalog/catalog.ts';

const NAME =
  /^(?:(on-demand|cross-region|global cross-region) )?(?:model inference|InvokeModel) (requests|tokens) per minute for (.+)$/i;
const KINDS: Record<string, Kind> = {
  'on-demand': 'on-demand',
  'cross-region': 'geo',
  'global cross-region': 'global',
};

/** Makers as labels write them, and as model ids do. */
const MAKERS: [label: RegExp, maker: string][] = [
  [/^ai21 labs\b/, 'ai21'],
  [/^mistral ai\b/, 'mistral'],
  [/^moonshot ai\b/, 'moonshotai'],
  [/^stability[. ]ai\b/, 'stability'],
  [/^twelve ?labs\b/, 'twelvelabs'],
  [/^writer ai\b/, 'writer'],
  [/^z\.ai\b/, 'zai'],
];
/** What ids end in and labels may leave out. */
const ENDINGS = /-(it|instruct)$/;

export interface NamedQuota {
  QuotaName?: string;
  Value?: number;
}

/**
 * The value of a model's quota among others. A name without a kind counts where no other fits; of several that fit, the
 * least value.
 */
export function quotaIn(
  quotas: readonly NamedQuota[],
  modelId: string,
  unit: keyof QuotaCodes,
): number | undefined {
  const { kind } = parseModelId(modelId);
  const named = quotas.flatMap(({ QuotaName = '', Value }) => {
    const quota = parseName(QuotaName);
    return Value !== undefined && quota?.unit === unit && isLabelOf(quota.label, modelId)
      ? [{ kind: quota.kind, value: Value }]
      : [];
  });
  const ofKind = named.filter((quota) => quota.kind === kind);
  const fitting = ofKind.length > 0 ? ofKind : named.filter((quota) => quota.kind === undefined);
  return fitting.length === 0 ? undefined : Math.min(...fitting.map(({ value }) => value));
}

function parseName(name: string): { kind?: Kind; unit: string; label: string } | undefined {
  const [, kind, unit = '', label] = NAME.exec(name) ?? [];
  if (label === undefined) return undefined;
  return {
    kind: kind === undefined ? undefined : KINDS[kind.toLowerCase()],
    unit: unit.toLowerCase(),
    label,
  };
}

function isLabelOf(label: string, modelId: string): boolean {
  const { name } = parseModelId(modelId);
  const short = name.replace(ENDINGS, '');
  const spellings = [name, short].flatMap((it) => [it, it.slice(it.indexOf('.') + 1)]);
  return [...spellings, ...labelsOf(modelId)].map(spell).includes(spell(label));
}

/** Letters and digits alone: `Anthropic Claude 3.5 Sonnet V2` and `anthropic.claude-3-5-sonnet-v2` are spelled alike. */
function spell(text: string): string {
  let plain = text.toLowerCase().replace(/ v1$/, '');
  for (const [label, maker] of MAKERS) plain = plain.replace(label, maker);
  return plain.replaceAll(/\bv(?=\d)/g, '').replaceAll(/[^a-z0-9]/g, '');
}
