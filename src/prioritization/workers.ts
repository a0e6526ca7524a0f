/** The invocation workers, as the lanes led by one invocation share them. */
export class Workers {
  readonly #lanes = new Map<string, { taken: number; waiting: boolean }>();

  constructor(private readonly total: number) {}

  /**
   * Workers that `lane` may take in all: its own and the free ones. Of these it leaves to each other lane that has work
   * waiting half of that lane's equal share, so that long calls of one lane never keep out another.
   */
  availableTo(lane: string): number {
    const kept = Math.floor(this.total / Math.max(1, this.#lanes.size) / 2);
    let others = 0;
    for (const [name, { taken, waiting }] of this.#lanes) {
      if (name !== lane) others += waiting ? Math.max(taken, kept) : taken;
    }
    return Math.max(0, this.total - others);
  }

  /** What `lane` has after a tick; a lane that is left has nothing. */
  note(lane: string, state: { taken: number; waiting: boolean }): void {
    this.#lanes.set(lane, state);
  }

  leave(lane: string): void {
    this.#lanes.delete(lane);
  }
}
