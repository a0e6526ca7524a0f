/** What a company's mix of traffic to Bedrock looks like: a chat, a back office, nightly bulk work, and some mistakes. */

type Fields = Record<string, unknown>;

const HAIKU = 'us.anthropic.claude-haiku-4-5-20251001-v1:0';
const SONNET = 'global.anthropic.claude-sonnet-4-6';
const NOVA = 'us.amazon.nova-lite-v1:0';
const LLAMA = 'us.meta.llama3-3-70b-instruct-v1:0';

const SUBJECTS = [
  'a delayed parcel from Rotterdam',
  'the invoice of March for the Lyon office',
  'a broken zip on a winter jacket',
  'the migration of the customer database',
  'an unpaid deposit for a rented van',
  'two seats on the night train to Vienna',
  'the new returns policy for electronics',
  'a noisy fan in a two-year-old laptop',
  'the minutes of the safety meeting',
  'the warranty of a dishwasher',
];
const DETAILS = [
  'The customer has written three times since Monday and has kept every receipt.',
  'Two departments disagree about who approved it, and the budget closes on Friday.',
  'The first delivery was complete; the second lacked one box of four.',
  'According to the contract the notice period is six weeks to the end of a quarter.',
  'The photo shows a scratch on the left side, about four centimetres long.',
  'Sales in the region grew by 7.4 per cent, returns by 2.1 per cent.',
  'Nobody was hurt, but the aisle stayed closed for forty minutes.',
  'The technician replaced the cable on 12 May and the fault came back on 3 June.',
];

/** A workload of the mix: who asks, how urgently, of which model, and in which form. */
interface Workload {
  share: number;
  make(random: Random, index: number): Fields;
}

const WORKLOADS: Workload[] = [
  {
    share: 0.07,
    make: (random, index) => ({
      request_id: `chat-${index}`,
      model_id: HAIKU,
      priority: 1,
      tenant: 'chat',
      task: 'answer',
      max_wait_seconds: 600,
      converse: {
        system: [{ text: 'You are a friendly assistant of a web shop. Answer in at most five sentences.' }],
        messages: dialogue(random),
        inferenceConfig: { maxTokens: 400, temperature: random.pick([0, 0.3, 0.7]) },
      },
    }),
  },
  {
    share: 0.16,
    make: (random, index) => ({
      request_id: `ticket-${index}`,
      model_id: HAIKU,
      priority: 2,
      tenant: random.pick(['support-eu', 'support-us']),
      task: 'classify',
      metadata: { ticket: 40_000 + index, queue: random.pick(['billing', 'shipping', 'returns']) },
      converse: {
        messages: [user(`Classify as billing, shipping, returns or other. ${letter(random, 2)}`)],
        inferenceConfig: { maxTokens: 60, temperature: 0 },
      },
    }),
  },
  {
    share: 0.2,
    make: (random, index) => ({
      request_id: `summary-${index}`,
      model_id: HAIKU,
      tenant: random.pick(['legal', 'finance', 'operations']),
      task: 'summarise',
      converse: {
        messages: [user(`Summarise for a manager in ten lines:\n\n${letter(random, random.between(6, 30))}`)],
        inferenceConfig: { maxTokens: 800 },
      },
    }),
  },
  {
    share: 0.14,
    make: (random, index) => ({
      request_id: `extract-${index}`,
      model_id: HAIKU,
      priority: 4,
      tenant: 'finance',
      task: 'extract',
      invoke_model: {
        body: {
          anthropic_version: 'bedrock-2023-05-31',
          max_tokens: 300,
          messages: [{ role: 'user', content: `Extract dates and amounts as JSON. ${letter(random, 5)}` }],
        },
        content_type: 'application/json',
      },
    }),
  },
  {
    share: 0.19,
    make: (random, index) => ({
      model_id: HAIKU,
      priority: 5,
      tenant: 'nightly',
      recordId: `CALL${String(index).padStart(7, '0')}`,
      modelInput: {
        anthropic_version: 'bedrock-2023-05-31',
        max_tokens: 500,
        messages: [
          { role: 'user', content: [{ type: 'text', text: `Rate the tone. ${letter(random, 12)}` }] },
        ],
      },
    }),
  },
  {
    share: 0.06,
    make: (random) => ({
      model_id: HAIKU,
      messages: [{ role: 'user', content: [{ text: `Translate into French: ${letter(random, 3)}` }] }],
      system: [{ text: 'You are a careful translator.' }],
    }),
  },
  {
    share: 0.08,
    make: (random, index) => ({
      request_id: `contract-${index}`,
      model_id: SONNET,
      priority: 2,
      tenant: 'legal',
      metadata: { contract: `C-${random.between(100, 999)}` },
      converse: {
        messages: [user(`Which clauses of this contract are unusual?\n\n${letter(random, 60)}`)],
        inferenceConfig: { maxTokens: 1_500 },
      },
    }),
  },
  {
    share: 0.07,
    make: (random, index) => ({
      request_id: `label-${index}`,
      model_id: NOVA,
      priority: 5,
      tenant: 'nightly',
      task: 'label',
      converse: {
        messages: [user(`Give three labels. ${letter(random, 2)}`)],
        inferenceConfig: { maxTokens: 40 },
      },
    }),
  },
  {
    share: 0.03,
    make: (random, index) => ({
      request_id: `rewrite-${index}`,
      model_id: LLAMA,
      priority: 4,
      tenant: 'marketing',
      invoke_model: { body: { prompt: `Rewrite for a poster: ${letter(random, 1)}`, max_gen_len: 120 } },
    }),
  },
];

/** Messages that must come back REJECTED, each for another reason. */
const MISTAKES: (Fields | string)[] = [
  '{"request_id": "mistake-json", "model_id": ',
  { request_id: 'mistake-no-model', converse: { messages: [user('Hello')] } },
  { request_id: 'mistake-priority', model_id: HAIKU, priority: 9, converse: { messages: [user('Hello')] } },
  { request_id: 'mistake-field', model_id: HAIKU, urgency: 'high', converse: { messages: [user('Hello')] } },
  { request_id: 'mistake-empty', model_id: HAIKU, converse: { messages: [] } },
  {
    request_id: 'mistake-temperature',
    model_id: HAIKU,
    converse: { messages: [user('Hello')], inferenceConfig: { temperature: 3 } },
  },
  {
    request_id: 'mistake-image',
    model_id: HAIKU,
    converse: {
      messages: [{ role: 'user', content: [{ image: { format: 'png', source: { bytes: 'no base64!' } } }] }],
    },
  },
  { request_id: 'mistake-form', model_id: HAIKU, text: 'Hello' },
];

const REQUESTS = 288;

/** About 300 lines: valid requests, mistakes, one sent twice, and one whose id is taken by another content. */
export function exampleLines(seed: number): string[] {
  const random = new Random(seed);
  const requests = Array.from({ length: REQUESTS }, (_, index) => draw(random).make(random, index + 1));
  const named = requests.filter(({ request_id }) => request_id !== undefined);
  const [twice, taken] = [named[10], named[20]];
  const lines = [...requests, ...MISTAKES, twice, { ...taken, priority: 3, tenant: 'someone-else' }];
  return random.shuffle(lines).map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
}

function draw(random: Random): Workload {
  let left = random.next();
  const found = WORKLOADS.find(({ share }) => {
    left -= share;
    return left < 0;
  });
  return found ?? (WORKLOADS[0] as Workload);
}

function user(text: string): Fields {
  return { role: 'user', content: [{ text }] };
}

function dialogue(random: Random): Fields[] {
  const opening = user(`I have a question about ${random.pick(SUBJECTS)}.`);
  if (random.next() < 0.5) return [opening];
  const answer = { role: 'assistant', content: [{ text: 'Of course. What would you like to know?' }] };
  return [opening, answer, user(`${random.pick(DETAILS)} What should I do?`)];
}

function letter(random: Random, sentences: number): string {
  const body = Array.from({ length: sentences }, () => random.pick(DETAILS));
  return `This is about ${random.pick(SUBJECTS)}. ${body.join(' ')}`;
}

/** Mulberry32. */
class Random {
  constructor(private state: number) {}

  /** In [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Both ends included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)] as T;
  }

  shuffle<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, order: this.next() }))
      .sort((a, b) => a.order - b.order)
      .map(({ item }) => item);
  }
}
