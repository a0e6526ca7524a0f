import { join } from 'node:path';
import { ExpressionError, TerraformError } from './errors.ts';
import { evaluateConfiguration, type Scope } from './evaluate.ts';
import { DATA_SOURCES, type Platform, RESOURCE_TYPES } from './resource-types.ts';
import { sortedEntries, toBoolean, toList, toNumber, toObject, toText, type Value } from './value.ts';
import { evaluateVariables, type VariableDeclaration } from './variables.ts';

export interface StackOptions {
  /** Parsed `cdk.tf.json`. */
  stack: unknown;
  /** The folder that the JSON's relative asset paths are relative to. */
  assetsFolder: string;
  variables: Record<string, unknown>;
  accountId: string;
  endpoint: string;
}

type Blocks = Record<string, Record<string, Record<string, unknown>>>;

interface TerraformJson {
  data?: Blocks;
  locals?: Record<string, unknown>;
  output?: Record<string, { value: unknown }>;
  provider?: { aws?: { region?: unknown }[] };
  resource?: Blocks;
  terraform?: unknown;
  variable?: Record<string, VariableDeclaration>;
}

const KNOWN_BLOCKS = ['//', 'data', 'locals', 'output', 'provider', 'resource', 'terraform', 'variable'];
/** Arguments of Terraform itself. They contain names of other blocks, not expressions to evaluate. */
const META_ARGUMENTS = ['//', 'depends_on', 'for_each', 'lifecycle', 'provider', 'provisioner', 'connection'];

/** The item of `for_each` that a resource is made for. */
interface Each {
  key: string;
  value: Value;
}

/** A block of the configuration, or what it makes for one item. */
interface Block {
  kind: 'resource' | 'data';
  type: string;
  name: string;
  each?: Each;
}

function addressOf({ kind, type, name, each }: Block): string {
  const address = kind === 'data' ? `data.${type}.${name}` : `${type}.${name}`;
  return each === undefined ? address : `${address}[${JSON.stringify(each.key)}]`;
}

/** A resource with all its arguments evaluated. */
export class Resource {
  readonly #values: { [key: string]: Value };
  readonly #computed: (attribute: string) => Value;

  constructor(
    readonly address: string,
    values: { [key: string]: Value },
    computed: (attribute: string) => Value,
  ) {
    this.#values = values;
    this.#computed = computed;
  }

  has(attribute: string): boolean {
    return this.#values[attribute] !== undefined && this.#values[attribute] !== null;
  }

  /** An argument, or else a computed attribute. */
  get(attribute: string): Value {
    return this.has(attribute) ? (this.#values[attribute] as Value) : this.#computed(attribute);
  }

  text(attribute: string): string {
    return toText(this.get(attribute));
  }

  number(attribute: string, otherwise: number): number {
    return this.has(attribute) ? toNumber(this.get(attribute)) : otherwise;
  }

  flag(attribute: string, otherwise: boolean): boolean {
    return this.has(attribute) ? toBoolean(this.get(attribute)) : otherwise;
  }

  list(attribute: string): Value[] {
    return this.has(attribute) ? toList(this.get(attribute)) : [];
  }

  /** A nested block, which JSON configuration may write as one object or as a list of objects. */
  blocks(attribute: string): { [key: string]: Value }[] {
    if (!this.has(attribute)) return [];
    const value = this.get(attribute);
    return (Array.isArray(value) ? value : [value]).map(toObject);
  }
}

/** A stack of Terraform JSON with every value evaluated, as it would be after an apply. */
export class EvaluatedStack {
  readonly platform: Platform;
  readonly outputs: Record<string, Value>;
  readonly #json: TerraformJson;
  readonly #variables: Record<string, Value>;
  readonly #byType: Map<string, Resource[]>;
  /** Addresses that are being evaluated, so that a cycle is noticed. */
  readonly #evaluating = new Set<string>();
  readonly #known = new Map<string, Value>();

  /** @throws TerraformError naming the address of whatever is not understood */
  readonly #options: StackOptions;

  constructor(options: StackOptions) {
    this.#options = options;
    this.#json = options.stack as TerraformJson;
    const unknownBlock = Object.keys(this.#json).find((block) => !KNOWN_BLOCKS.includes(block));
    if (unknownBlock) throw new TerraformError(unknownBlock, 'this kind of block is not supported');
    this.#variables = evaluateVariables(this.#json.variable ?? {}, options.variables);
    const region = this.#at('provider.aws', () =>
      this.#evaluate(this.#json.provider?.aws?.[0]?.region ?? 'us-east-1'),
    );
    this.platform = { region: toText(region), accountId: options.accountId, endpoint: options.endpoint };
    this.#byType = this.#evaluateResources();
    this.outputs = Object.fromEntries(
      Object.entries(this.#json.output ?? {}).map(([name, { value }]) => [
        name,
        this.#at(`output.${name}`, () => this.#evaluate(value)),
      ]),
    );
  }

  resources(type: string): Resource[] {
    return this.#byType.get(type) ?? [];
  }

  #evaluateResources(): Map<string, Resource[]> {
    const byType = new Map<string, Resource[]>();
    for (const [type, blocks] of Object.entries(this.#json.resource ?? {})) {
      if (!Object.hasOwn(RESOURCE_TYPES, type)) {
        throw new TerraformError(
          `${type}.${Object.keys(blocks)[0]}`,
          'this type of resource is not supported',
        );
      }
      byType.set(
        type,
        Object.keys(blocks).flatMap((name) => this.#resourcesOf({ kind: 'resource', type, name })),
      );
    }
    return byType;
  }

  /** The resources that a block makes: one, or one for each item of its `for_each`. */
  #resourcesOf(block: Block): Resource[] {
    return (this.#instancesOf(block) ?? [block]).map((instance) => this.#resource(instance));
  }

  #resource(block: Block): Resource {
    const values: { [key: string]: Value } = {};
    for (const argument of Object.keys(this.#configurationOf(block))) {
      if (argument === 'count' || argument === 'dynamic') {
        throw new TerraformError(addressOf(block), `"${argument}" is not supported`);
      }
      if (!META_ARGUMENTS.includes(argument)) values[argument] = this.#attribute(block, argument);
    }
    return new Resource(addressOf(block), values, (attribute) => this.#attribute(block, attribute));
  }

  #configurationOf({ kind, type, name }: Block): Record<string, unknown> {
    return this.#json[kind]?.[type]?.[name] ?? {};
  }

  /** The block once for each item of its `for_each`; undefined where it has none. */
  #instancesOf(block: Block): Block[] | undefined {
    const { for_each: forEach } = this.#configurationOf(block);
    if (forEach === undefined) return undefined;
    const items = this.#at(addressOf(block), () => this.#evaluate(forEach));
    const entries: [string, Value][] = Array.isArray(items)
      ? items.map((item) => [String(item), item])
      : sortedEntries(items);
    return entries.map(([key, value]) => ({ ...block, each: { key, value } }));
  }

  /** All instances of a block by key, as an expression sees them. */
  #mapOf(block: Block, instances: readonly Block[]): Value {
    const names = [
      ...Object.keys(this.#configurationOf(block)).filter((name) => !META_ARGUMENTS.includes(name)),
      ...Object.keys(RESOURCE_TYPES[block.type] ?? {}),
    ];
    return Object.fromEntries(
      instances.map((instance) => [
        instance.each?.key ?? '',
        Object.fromEntries(names.map((name) => [name, this.#attribute(instance, name)])),
      ]),
    );
  }

  readonly #scope: Scope = (path) => {
    const [root = '', second = '', third = '', fourth = ''] = path;
    if (root === 'var' && Object.hasOwn(this.#variables, second)) {
      return { value: this.#variables[second] as Value, used: 2 };
    }
    if (root === 'local' && this.#json.locals && Object.hasOwn(this.#json.locals, second)) {
      const address = `local.${second}`;
      return { value: this.#once(address, () => this.#evaluate(this.#json.locals?.[second])), used: 2 };
    }
    if (root === 'path' && ['module', 'root', 'cwd'].includes(second)) {
      return { value: this.#options.assetsFolder, used: 2 };
    }
    if (root === 'data' && this.#json.data?.[second]?.[third]) {
      return { value: this.#attribute({ kind: 'data', type: second, name: third }, fourth), used: 4 };
    }
    if (this.#json.resource?.[root]?.[second]) {
      const block: Block = { kind: 'resource', type: root, name: second };
      const instances = this.#instancesOf(block);
      if (instances === undefined) return { value: this.#attribute(block, third), used: 3 };
      return { value: this.#mapOf(block, instances), used: 2 };
    }
    throw new ExpressionError(`unknown reference ${path.join('.')}`);
  };

  /** One attribute of a block: its own argument, or what the provider computes. */
  #attribute(block: Block, attribute: string): Value {
    return this.#once(`${addressOf(block)}.${attribute}`, () => {
      const { kind, type, each } = block;
      const types = kind === 'data' ? DATA_SOURCES : RESOURCE_TYPES;
      const computed = Object.hasOwn(types, type) ? types[type] : undefined;
      if (!computed) throw new ExpressionError('this type is not supported');
      const configuration = this.#configurationOf(block);
      if (Object.hasOwn(configuration, attribute)) return this.#evaluate(configuration[attribute], each);
      const compute = Object.hasOwn(computed, attribute) ? computed[attribute] : undefined;
      if (!compute) throw new ExpressionError('this attribute is not known');
      return compute((other) => this.#attribute(block, other), this.platform);
    });
  }

  #once(address: string, compute: () => Value): Value {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    if (this.#evaluating.has(address)) throw new TerraformError(address, 'refers to itself');
    this.#evaluating.add(address);
    const value = this.#at(address, compute);
    this.#evaluating.delete(address);
    this.#known.set(address, value);
    return value;
  }

  #evaluate(configuration: unknown, each?: Each): Value {
    if (each === undefined) return evaluateConfiguration(configuration, this.#scope);
    return evaluateConfiguration(configuration, (path) =>
      path[0] === 'each' && (path[1] === 'key' || path[1] === 'value')
        ? { value: each[path[1]], used: 2 }
        : this.#scope(path),
    );
  }

  #at(address: string, compute: () => Value): Value {
    try {
      return compute();
    } catch (error) {
      if (error instanceof ExpressionError) throw new TerraformError(address, error.message);
      throw error;
    }
  }

  /** The absolute path of a file that the stack names. */
  file(path: string): string {
    return join(path.startsWith('/') ? '/' : this.#options.assetsFolder, path);
  }
}
