/** docs/models.md: what the catalog says, and what of it has no source. */
import { burndownOf, type CatalogModel } from '../../src/core/lane/catalog/catalog.ts';
import type { Limits } from '../../src/core/lane/catalog/limits.ts';
import data from '../../src/core/lane/catalog/models.json' with { type: 'json' };

const MODELS: [string, CatalogModel][] = Object.entries(data.models);

export function renderCatalog(): string {
  const rows = MODELS.map(([name, model]) => [
    `\`${name}\``,
    marked(model, 'output_tokens', model.output_tokens),
    marked(model, 'context_tokens', model.context_tokens),
    limitsOf(model) || '–',
    `${burndownOf(name)}×`,
  ]);
  const { limits, output_tokens, assumed } = data.cautious;
  return `# Models

Written by \`npm run docs\` from [models.json](../src/core/lane/catalog/models.json). A value with * has no source; why it stands as it does is said below.

${table([['model', 'most output', 'context', 'default limits a minute', 'burndown'], ...rows])}

Default limits count only until Service Quotas has answered, and where it has no such quota ([release engine](release-engine.md#where-the-limits-come-from));
where there is none here, that of any other model.

**Any other model** *: at most ${inDigits(output_tokens)} tokens of output, ${inDigits(limits.requests_per_minute)} requests and ${inDigits(limits.tokens_per_minute)} tokens a minute, the most cautious
burndown of its maker. ${assumed}

**Counted exactly**, where \`count_tokens\` is on: ${data.count_tokens.map((name) => `\`${name}\``).join(', ')}.

## Without a source

${table([['model', 'value', 'why'], ...MODELS.flatMap(assumptionsOf)])}

## Sources of the others

${table([['values', 'source', 'as of'], ...Object.entries(data.sources).map(([kind, { source, date }]) => [`\`${kind}\``, source, date])])}
`;
}

function limitsOf(model: CatalogModel): string {
  return Object.entries(model.limits ?? {})
    .map(([kind, limits]) => {
      const shown = (limit: keyof Limits, unit: string) =>
        limits[limit] === undefined
          ? []
          : [`${marked(model, `limits.${kind}.${limit}`, limits[limit])} ${unit}`];
      const all = [...shown('requests_per_minute', 'requests'), ...shown('tokens_per_minute', 'tokens')];
      return `${kind}: ${all.join(', ')}`;
    })
    .join('; ');
}

function assumptionsOf([name, { assumed = {} }]: [string, CatalogModel]): string[][] {
  return Object.entries(assumed).map(([value, why]) => [`\`${name}\``, `\`${value}\``, why]);
}

function marked(model: CatalogModel, value: string, amount: number): string {
  return inDigits(amount) + (model.assumed?.[value] === undefined ? '' : ' *');
}

function inDigits(amount: number): string {
  return amount.toLocaleString('en-US');
}

function table([head = [], ...rows]: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
