import type { ModelRuntime } from '../../core/invocation/ports.ts';
import { idOfPayload } from './requests.ts';

/** Bedrock, with a look at who calls: no request twice at once, none that has been answered. */
export function watchedRuntime(
  model: ModelRuntime,
  watcher: { isAnswered(id: string): boolean; violated(how: string): void },
): ModelRuntime {
  const calling = new Set<string>();
  return {
    async call(call) {
      const id = idOfPayload(call.payload);
      if (calling.has(id)) watcher.violated(`request ${id} is called twice at once`);
      if (watcher.isAnswered(id)) watcher.violated(`request ${id} is called after its result`);
      calling.add(id);
      try {
        return await model.call(call);
      } finally {
        calling.delete(id);
      }
    },
  };
}
