/** docs/models.md: what the catalog says, and what of it has no source. */
import { burndownOf, type CatalogModel } from '../../src/core/lane/catalog/catalog.ts';
import type { Limits } from '../../src/core/lane/catalog/limits.ts';
import data from '../../src/core/lane/catalog/models.json' with { type: 'json' };
import { BODY_FAMILIES, type BodyFamily, GUIDE } from '../../src/core/request/body-families.ts';
import rates from '../../src/core/request/token-rates.json' with { type: 'json' };

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

The smoother works with every model of Bedrock. For some of them its catalog knows how large answers can be, what an output token costs
the quota (burndown), and which limits apply until Service Quotas has answered. This page is generated from the catalog,
[models.json](../src/core/lane/catalog/models.json), with \`npm run docs\`. For a value marked with * no source was found; the
reason why it is assumed is given [below](#values-without-a-source).

${table([['model', 'longest answer', 'context', 'default limits per minute', 'burndown'], ...rows])}

The default limits apply only until Service Quotas has answered, and where it does not list the quota
([where limits come from](release-engine.md#where-the-limits-come-from)). Where the table shows none, those of any other model apply.

### Families

Models that the table above does not list, by the beginning of their ids:

${table([['ids that begin with', 'longest answer', 'context', 'source'], ...data.families.map(familyRow)])}

**Any other model** *: answers of at most ${inDigits(output_tokens)} tokens, ${inDigits(limits.requests_per_minute)} requests and ${inDigits(limits.tokens_per_minute)} tokens per minute, and the most cautious
burndown rate of its maker. ${assumed}

**Counted exactly** when \`count_tokens\` is on: ${data.count_tokens.map((name) => `\`${name}\``).join(', ')}.

## Max tokens that a request leaves unset

Bedrock reserves quota for all of max tokens when a call starts, and for all that the model can give when it is unset. So the
smoother sets max tokens where a request does not ([how many](release-engine.md#max-tokens)): in Converse as \`inferenceConfig.maxTokens\`,
in InvokeModel in the field of the model's family. It never sets more than the model takes. These stay unset:

- calls of a stored prompt, which brings its own parameters
- Nova with \`reasoningConfig.maxReasoningEffort: high\`, which refuses any max tokens
- InvokeModel bodies of families whose default is documented: the default counts
- InvokeModel bodies in a format that the smoother does not recognise

What they reserve is the default, or all that the model can give. A thinking budget (\`thinking.budget_tokens\`) counts as output, so
max tokens are set to more than the budget. Max tokens that a request does set are never changed, not even when they are text.

${table([['family of InvokeModel bodies', 'field of max tokens', 'unset means', 'source'], ...BODY_FAMILIES.map(bodyRow)])}

## How inputs are counted

Bedrock deducts all input tokens at a call's start, so they are estimated when a request is accepted, from
[token-rates.json](../src/core/request/token-rates.json), unless they are counted exactly. Base64 is recognised as the medium that it is, by its
media type, its first bytes or the fields around it, in every body. What calls have turned out to cost corrects the estimate, for
each lane and for each kind of media by itself: of media in both directions, of text only upwards. A request is refused for its size only
when that is certain: when max tokens and a third of its text alone exceed a minute's quota.

${table([['what', 'tokens', 'source'], ...countingRows()])}

By family, the first that fits:

${table([['model ids', 'text', 'an image', 'pages of PDF as images, too', 'knowing how to use tools'], ...rates.families.map(readerRow)])}

## Values without a source

${table([['model', 'value', 'why it is assumed'], ...MODELS.flatMap(assumptionsOf)])}

## Sources of the others

${table([['values', 'source', 'as of'], ...Object.entries(data.sources).map(([kind, { source, date }]) => [`\`${kind}\``, source, date])])}
`;
}

function countingRows(): string[][] {
  const { sources, tokensPerCharacter: character, bytesPerToken, unknownSize } = rates;
  const { word, digit, sign, beyondAsciiByte, repeatedSpace } = character;
  const pages = `${inDigits(rates.tokensPerPage)} a page; where pages cannot be counted, one for ${inDigits(rates.bytesPerPage)} bytes`;
  return [
    [
      'text',
      `${word} a letter or space, ${digit} a digit, ${sign} another sign, ${beyondAsciiByte} a byte beyond ASCII, ${repeatedSpace} a space after a space`,
      sources.text,
    ],
    ['image', 'by family, see below', sources.image],
    ['PDF', `${pages}; ${unknownSize.pages} pages where the call only points to it`, sources.pdf],
    [
      'Word, Excel, PowerPoint',
      `one for ${bytesPerToken.officeXml} bytes of the XML with its text, or ${bytesPerToken.office} bytes of a file that cannot be opened; ${inDigits(unknownSize.office)} where the call only points to it`,
      sources.office,
    ],
    ['CSV, HTML, Markdown, text', 'as text', sources.text],
    [
      'video',
      `one for ${bytesPerToken.video} bytes; ${inDigits(unknownSize.video)} where the call only points to it`,
      sources.video,
    ],
    [
      'audio',
      `one for ${bytesPerToken.audio} bytes; ${inDigits(unknownSize.audio)} where the call only points to it`,
      sources.audio,
    ],
    ['base64 of another kind', `as an image, or a video of that size, whichever is more`, sources.unknown],
    ['tools', 'their schemas as text, and by family, see below', sources.toolUse],
  ];
}

/** A family's pattern as a cell of a table shows it. */
function idsIn(pattern: string): string {
  return pattern.replaceAll(/[\\^]/g, '').replaceAll('|', '\\|');
}

function readerRow({
  models,
  textFactor,
  image,
  toolUse,
  seesPages,
}: (typeof rates.families)[number]): string[] {
  const ids = idsIn(models);
  return [
    ids === '' ? 'all others' : `\`${ids}\``,
    `× ${textFactor}`,
    inDigits(image),
    seesPages ? 'always' : 'with citations, and in InvokeModel bodies',
    inDigits(toolUse),
  ];
}

function familyRow({
  match,
  output_tokens,
  context_tokens,
  source,
}: (typeof data.families)[number]): string[] {
  const ids = idsIn(match);
  return [
    `\`${ids}\``,
    inDigits(output_tokens),
    context_tokens === undefined ? '–' : inDigits(context_tokens),
    source,
  ];
}

function bodyRow({ name, maxTokens, unset = [], source = GUIDE }: BodyFamily): string[] {
  const fields = maxTokens.map((path) => `\`${path.join('.')}\``).join(' or ');
  return [name, fields || '–', fields === '' ? 'the output has no tokens' : unsetText(unset), source];
}

function unsetText(unset: NonNullable<BodyFamily['unset']>): string {
  const defaults = unset.map(({ of, tokens }) => {
    const amount = tokens === 'model maximum' ? 'all that the model can give' : inDigits(tokens);
    return of === undefined ? amount : `${amount} (${of})`;
  });
  const isOfAll = unset.some(({ models }) => models.test(''));
  return [...defaults, ...(isOfAll ? [] : ['the smoother sets it'])].join('; ');
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
