/** What a second plan would change although nothing was changed: the provider reads back something else than it wrote. */
import exceptions from './emulator-drift.json' with { type: 'json' };

export interface Change {
  /** Address of a resource, or `output.<name>`. */
  address: string;
  /** Undefined when the resource itself would be created or deleted, and for an output. */
  attribute?: string;
}

/** As `terraform show -json` prints a plan. */
export interface Plan {
  resource_changes?: { address: string; change: PlannedChange }[];
  output_changes?: Record<string, PlannedChange>;
}

interface PlannedChange {
  actions: string[];
  before: unknown;
  after: unknown;
  after_unknown?: unknown;
}

export function changesOf({ resource_changes = [], output_changes = {} }: Plan): Change[] {
  const resources = resource_changes
    .filter(({ change }) => !isNothing(change))
    .flatMap(({ address, change }): Change[] => {
      const attributes = attributesOf(change);
      return attributes.length > 0 ? attributes.map((attribute) => ({ address, attribute })) : [{ address }];
    });
  const outputs = Object.entries(output_changes)
    .filter(([, change]) => !isNothing(change))
    .map(([name]) => ({ address: `output.${name}` }));
  return [...resources, ...outputs];
}

/** Changes that are not in emulator-drift.json: the emulator is known not to store those. */
export function unexplained(changes: readonly Change[]): Change[] {
  return changes.filter(
    ({ address, attribute }) =>
      !exceptions.some(
        (exception) => address.startsWith(`${exception.type}.`) && exception.attribute === attribute,
      ),
  );
}

export function describeChange({ address, attribute }: Change): string {
  return attribute === undefined ? address : `${attribute} of ${address}`;
}

const READ_ONLY = ['no-op', 'read'];
const isNothing = ({ actions }: PlannedChange) => actions.every((action) => READ_ONLY.includes(action));

function attributesOf({ before, after, after_unknown }: PlannedChange): string[] {
  if (before === null || after === null) return [];
  const [old, planned, unknown] = [before, after, after_unknown].map((values) => Object(values));
  const names = new Set([...Object.keys(old), ...Object.keys(planned), ...Object.keys(unknown)]);
  return [...names].filter(
    (name) => JSON.stringify(old[name]) !== JSON.stringify(planned[name]) || unknown[name] === true,
  );
}
