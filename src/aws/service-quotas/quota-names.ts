import { type Kind, parseModelId, type QuotaCodes } from '../../core/lane/catalog/catalog.ts';

const NAME =
  /^(on-demand|cross-region|global cross-region) (?:model inference|InvokeModel) (requests|tokens) per minute for (.+)$/i;
const KINDS: Record<string, Kind> = {
  'on-demand': 'on-demand',
  'cross-region': 'geo',
  'global cross-region': 'global',
};

/**
 * Whether a quota of Service Quotas, by its name, is the one of a model. Names tell models by label, in spellings that
 * vary: `Anthropic Claude Sonnet 4.5 V1` and `anthropic.claude-sonnet-4-5` mean the same, as do labels without a maker.
 */
export function isQuotaOf(name: string, modelId: string, unit: keyof QuotaCodes): boolean {
  const [, kind = '', unitOfName = '', label = ''] = NAME.exec(name) ?? [];
  const model = parseModelId(modelId);
  if (KINDS[kind.toLowerCase()] !== model.kind || unitOfName.toLowerCase() !== unit) return false;
  const spelled = spell(label.replace(/ v\d+$/i, ''));
  const [, ...withoutMaker] = model.name.split('.');
  return [model.name, withoutMaker.join('.')].some((it) => spell(it) === spelled);
}

function spell(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}
