import { join } from 'node:path';
import { ExpressionError, TerraformError } from './errors.ts';
import { evaluateConfiguration, type Scope } from './evaluate.ts';
import { DATA_SOURCES, type Platform, RESOURCE_TYPES } from './resource-types.ts';
import { toBoolean, toList, toNumber, toObject, toText, type Value } from './value.ts';
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
/** Arguments that are Terraform's own: names of other blocks, not expressions to evaluate. */
const META_ARGUMENTS = ['//', 'depends_on', 'lifecycle', 'provider', 'provisioner', 'connection'];

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

/** A stack of Terraform JSON with every value known, as it would be after an apply. */
export class EvaluatedStack {
  readonly platform: Platform;
  readonly outputs: Record<string, Value>;
  readonly #json: TerraformJson;
  readonly #variables: Record<string, Value>;
  readonly #byType: Map<string, Resource[]>;
  /** What is being evaluated, to notice a cycle. */
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
      const resources = Object.keys(blocks).map((name) => this.#resource(type, name));
      byType.set(type, resources);
    }
    return byType;
  }

  #resource(type: string, name: string): Resource {
    const address = `${type}.${name}`;
    const block = this.#json.resource?.[type]?.[name] ?? {};
    const values: { [key: string]: Value } = {};
    for (const argument of Object.keys(block)) {
      if (argument === 'count' || argument === 'for_each' || argument === 'dynamic') {
        throw new TerraformError(address, `"${argument}" is not supported`);
      }
      if (!META_ARGUMENTS.includes(argument))
        values[argument] = this.#attribute('resource', type, name, argument);
    }
    return new Resource(address, values, (attribute) => this.#attribute('resource', type, name, attribute));
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
      return { value: this.#attribute('data', second, third, fourth), used: 4 };
    }
    if (this.#json.resource?.[root]?.[second]) {
      return { value: this.#attribute('resource', root, second, third), used: 3 };
    }
    throw new ExpressionError(`unknown reference ${path.join('.')}`);
  };

  /** One attribute of a block: its own argument, or what the provider computes. */
  #attribute(kind: 'resource' | 'data', type: string, name: string, attribute: string): Value {
    const owner = kind === 'data' ? `data.${type}.${name}` : `${type}.${name}`;
    const address = `${owner}.${attribute}`;
    return this.#once(address, () => {
      const types = kind === 'data' ? DATA_SOURCES : RESOURCE_TYPES;
      const computed = Object.hasOwn(types, type) ? types[type] : undefined;
      if (!computed) throw new ExpressionError('this type is not supported');
      const block = this.#json[kind]?.[type]?.[name] ?? {};
      if (Object.hasOwn(block, attribute)) return this.#evaluate(block[attribute]);
      const compute = Object.hasOwn(computed, attribute) ? computed[attribute] : undefined;
      if (!compute) throw new ExpressionError('this attribute is not known');
      return compute((other) => this.#attribute(kind, type, name, other), this.platform);
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

  #evaluate(configuration: unknown): Value {
    return evaluateConfiguration(configuration, this.#scope);
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
