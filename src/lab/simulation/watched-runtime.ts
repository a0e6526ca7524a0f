import type { Clock } from '../../core/clock.ts';
import type { ModelRuntime } from '../../core/invocation/ports.ts';
import { idOfPayload } from './requests.ts';

export interface CallWatcher {
  isAnswered(id: string): boolean;
  violated(how: string): void;
  /** A call of the request has ended, however it ended. */
  called(id: string, durationMs: number): void;
}

/** Bedrock, with a look at who calls: no request twice at once, and none that has been answered. */
export function watchedRuntime(
  model: ModelRuntime,
  watcher: CallWatcher,
  clock: Pick<Clock, 'now'>,
): ModelRuntime {
  const calling = new Set<string>();
  return {
    async call(call) {
      const id = idOfPayload(call.payload);
      if (calling.has(id)) watcher.violated(`request ${id} is called twice at once`);
      if (watcher.isAnswered(id)) watcher.violated(`request ${id} is called after its result`);
      calling.add(id);
      const startedAt = clock.now();
      try {
        return await model.call(call);
      } finally {
        calling.delete(id);
        watcher.called(id, clock.now() - startedAt);
      }
    },
  };
}
