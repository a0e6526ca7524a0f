/** What SQS refuses in a message or about one, and emulators take. */
import { ServiceError } from './errors.ts';

const LONGEST_DELAY_SECONDS = 900;
const MOST_ATTRIBUTES = 10;
const MOST_ENTRIES = 10;

/** A message, what is asked about one, or the entry of a batch of either. */
export type Entry = Record<string, unknown>;

/** @param handles how the emulator's receipt handles look; absent: it checks them itself */
export function refusalOf(entry: Entry, handles?: RegExp): ServiceError | undefined {
  const { DelaySeconds: delay, MessageAttributes: attributes, ReceiptHandle: handle } = entry;
  if (typeof delay === 'number' && !(delay >= 0 && delay <= LONGEST_DELAY_SECONDS)) {
    return invalid(
      `Value ${delay} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= ${LONGEST_DELAY_SECONDS}.`,
    );
  }
  if (typeof handle === 'string' && handles?.test(handle) === false) {
    return new ServiceError(
      'ReceiptHandleIsInvalid',
      400,
      `The input receipt handle "${handle}" is not a valid receipt handle.`,
    );
  }
  return attributesRefusal(Object.entries((attributes ?? {}) as Record<string, Entry>));
}

function attributesRefusal(attributes: [name: string, value: Entry][]): ServiceError | undefined {
  if (attributes.length > MOST_ATTRIBUTES) {
    return invalid(
      `Number of message attributes [${attributes.length}] exceeds the allowed maximum [${MOST_ATTRIBUTES}].`,
    );
  }
  const [name, empty] = attributes.find(([, value]) => !value?.StringValue && !value?.BinaryValue) ?? [];
  if (name === undefined) return undefined;
  return invalid(
    `Message (user) attribute '${name}' must contain a non-empty value of type '${empty?.DataType}'.`,
  );
}

function invalid(message: string): ServiceError {
  return new ServiceError('InvalidParameterValue', 400, message);
}

/** The entries of a batch that SQS takes, and what it answers about the others. */
export function sortedOut(entries: readonly Entry[], handles?: RegExp): { taken: Entry[]; failed: Entry[] } {
  // Such a batch is refused as a whole.
  if (entries.length > MOST_ENTRIES) return { taken: [...entries], failed: [] };
  const taken: Entry[] = [];
  const failed: Entry[] = [];
  for (const entry of entries) {
    const refusal = refusalOf(entry, handles);
    if (refusal === undefined) taken.push(entry);
    else failed.push({ Id: entry.Id, SenderFault: true, Code: refusal.code, Message: refusal.message });
  }
  return { taken, failed };
}
