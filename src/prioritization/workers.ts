/** The invocation workers, as the lanes led by one invocation share them. */
export class Workers {
  readonly #taken = new Map<string, number>();

  constructor(private readonly total: number) {}

  /** Workers that `lane` may take in all: its own and the free ones. */
  availableTo(lane: string): number {
    let others = 0;
    for (const [name, taken] of this.#taken) if (name !== lane) others += taken;
    return Math.max(0, this.total - others);
  }

  taken(lane: string, bundles: number): void {
    this.#taken.set(lane, bundles);
  }
}
