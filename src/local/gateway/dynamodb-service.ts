import type { Service, ServiceAnswer } from './gateway.ts';
import type { Upstream } from './http.ts';
import { KeyedLock } from './keyed-lock.ts';
import { type GatewayRequest, type GatewayResponse, jsonResponse, parseJsonBody } from './message.ts';
import type { Operation } from './operation.ts';

export type Item = Record<string, unknown>;

/** How an item changed. `before` or `after` is missing when the item did not exist then. */
export interface ItemChange {
  table: string;
  keys: Item;
  before?: Item;
  after?: Item;
}

interface Table {
  keyNames: string[];
  /** Present when somebody consumes the table's changes. */
  images?: Map<string, Item>;
}

interface WholeAnswer extends ServiceAnswer {
  response: GatewayResponse;
}

const SINGLE_ITEM_WRITES = ['PutItem', 'UpdateItem', 'DeleteItem'];

/**
 * DynamoDB on the emulator, and what the emulator lacks: changes for stream consumers (in the order of the writes, item
 * by item), and the old item on a condition failure.
 */
export class DynamodbService implements Service {
  readonly #tables = new Map<string, Table>();
  readonly #locks = new KeyedLock();

  readonly #emulator: Upstream;
  readonly #onChange: (change: ItemChange) => void;

  constructor(emulator: Upstream, onChange: (change: ItemChange) => void) {
    this.#emulator = emulator;
    this.#onChange = onChange;
  }

  /** @param watched whether every write must become a change */
  define(name: string, keyNames: string[], watched: boolean): void {
    this.#tables.set(name, watched ? { keyNames, images: new Map() } : { keyNames });
  }

  async handle(request: GatewayRequest, operation: Operation): Promise<ServiceAnswer> {
    if (SINGLE_ITEM_WRITES.includes(operation.name)) return this.#writeItem(request, operation);
    if (operation.name === 'BatchWriteItem') return this.#writeBatch(request, operation);
    return this.#send(request, operation.input);
  }

  async #writeItem(request: GatewayRequest, { name, input }: Operation): Promise<WholeAnswer> {
    const tableName = String(input.TableName);
    const table = this.#tables.get(tableName);
    if (!table) return this.#send(request, input);
    const keys = pick((input.Key ?? input.Item ?? {}) as Item, table.keyNames);
    const id = identify(tableName, keys);
    return this.#locks.run([id], async () => {
      const wanted = input.ReturnValues ?? 'NONE';
      const asked = table.images
        ? { ...input, ReturnValues: name === 'UpdateItem' ? 'ALL_NEW' : 'NONE' }
        : input;
      const answer = await this.#send(request, asked);
      const output = parseJsonBody(answer.response.body);
      if (answer.response.status !== 200) {
        const wantsOld = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
        const failed = String(output.__type).endsWith('ConditionalCheckFailedException');
        return wantsOld && failed ? this.#withOldItem(request, answer, tableName, keys) : answer;
      }
      if (!table.images) return answer;
      const before = table.images.get(id);
      const after = name === 'DeleteItem' ? undefined : ((output.Attributes ?? input.Item) as Item);
      this.#record(table.images, id, {
        table: tableName,
        keys,
        ...(before && { before }),
        ...(after && { after }),
      });
      return {
        ...answer,
        response: jsonResponse(withAttributes(output, returned(String(wanted), before, after))),
      };
    });
  }

  #writeBatch(request: GatewayRequest, { input }: Operation): Promise<WholeAnswer> {
    const writes = Object.entries((input.RequestItems ?? {}) as Record<string, Item[]>).flatMap(
      ([tableName, requests]) => {
        const table = this.#tables.get(tableName);
        return requests.map((write) => {
          const item = (write.PutRequest as { Item: Item } | undefined)?.Item;
          const keys = pick(item ?? (write.DeleteRequest as { Key: Item }).Key, table?.keyNames ?? []);
          return {
            table,
            id: identify(tableName, keys),
            change: { table: tableName, keys, ...(item && { after: item }) },
          };
        });
      },
    );
    return this.#locks.run(
      writes.map(({ id }) => id),
      async () => {
        const answer = await this.#send(request, input);
        if (answer.response.status !== 200) return answer;
        for (const { table, id, change } of writes) {
          const before = table?.images?.get(id);
          if (table?.images) this.#record(table.images, id, { ...change, ...(before && { before }) });
        }
        return answer;
      },
    );
  }

  #record(images: Map<string, Item>, id: string, change: ItemChange): void {
    if (change.after) images.set(id, change.after);
    else images.delete(id);
    // DynamoDB puts nothing into the stream when a write changes nothing.
    if (JSON.stringify(change.before) !== JSON.stringify(change.after)) this.#onChange(change);
  }

  async #withOldItem(
    request: GatewayRequest,
    failure: WholeAnswer,
    table: string,
    keys: Item,
  ): Promise<WholeAnswer> {
    const read = { ...request, headers: { ...request.headers, 'x-amz-target': 'DynamoDB_20120810.GetItem' } };
    const { response } = await this.#send(read, { TableName: table, Key: keys, ConsistentRead: true });
    const { Item } = parseJsonBody(response.body);
    const body = { ...parseJsonBody(failure.response.body), ...(Item ? { Item } : {}) };
    return { ...failure, response: jsonResponse(body, failure.response.status) };
  }

  /** Asks the emulator how much capacity the call consumed, and removes that from the answer unless the caller asked too. */
  async #send(request: GatewayRequest, input: Item): Promise<WholeAnswer> {
    const asked = { ReturnConsumedCapacity: 'TOTAL', ...input };
    const measured = CONSUMING.includes(request.headers['x-amz-target']?.split('.')[1] ?? '');
    const response = await this.#emulator.send({
      ...request,
      body: Buffer.from(JSON.stringify(measured ? asked : input)),
    });
    if (!measured || response.status !== 200) return { response: withoutChecksum(response) };
    const { ConsumedCapacity, ...output } = parseJsonBody(response.body);
    const consumed = (Array.isArray(ConsumedCapacity) ? ConsumedCapacity : [ConsumedCapacity]) as {
      CapacityUnits: number;
    }[];
    const units = consumed.reduce((sum, one) => sum + (one?.CapacityUnits ?? 0), 0);
    const body = input.ReturnConsumedCapacity ? { ...output, ConsumedCapacity } : output;
    return { response: jsonResponse(body), units };
  }
}

const CONSUMING = [
  'GetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
  'BatchGetItem',
  'BatchWriteItem',
];

function withoutChecksum(response: GatewayResponse): GatewayResponse {
  const { 'x-amz-crc32': _, ...headers } = response.headers;
  return { ...response, headers };
}

function withAttributes(output: Item, attributes: Item | undefined): Item {
  const { Attributes: _, ...rest } = output;
  return attributes ? { ...rest, Attributes: attributes } : rest;
}

function returned(wanted: string, before?: Item, after?: Item): Item | undefined {
  if (wanted === 'ALL_OLD') return before;
  if (wanted === 'ALL_NEW') return after;
  // The attributes that changed are taken for those that the expression set; one that was set to the value it had is missing.
  if (wanted === 'UPDATED_NEW') return difference(after, before);
  if (wanted === 'UPDATED_OLD') return difference(before, after);
  return undefined;
}

function difference(one: Item = {}, other: Item = {}): Item {
  return Object.fromEntries(
    Object.entries(one).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(other[name])),
  );
}

function pick(item: Item, names: string[]): Item {
  return Object.fromEntries(names.map((name) => [name, item[name]]));
}

function identify(table: string, keys: Item): string {
  return JSON.stringify([table, keys]);
}
