/** What any client's stack takes, as far as it is needed here. */
type Next = (args: object) => Promise<object>;
interface Client {
  middlewareStack: {
    add(
      middleware: (next: Next, context: { commandName?: string }) => Next,
      options: { step: 'deserialize'; priority: 'high' },
    ): void;
  };
}

/** Loses the answer to the first call of these commands after it took effect; the SDK then makes the call again. */
export function loseFirstAnswer(client: object, commands: RegExp): { lost: number } {
  const losses = { lost: 0 };
  (client as Client).middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const answer = await next(args);
        if (losses.lost > 0 || !commands.test(commandName ?? '')) return answer;
        losses.lost++;
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET', name: 'TimeoutError' });
      },
    { step: 'deserialize', priority: 'high' },
  );
  return losses;
}

/** The client's process dies at its n-th call (from 1): that call and all later ones have no effect. */
export function dieAtCall(client: object, nth: number): { made: number } {
  const calls = { made: 0 };
  (client as Client).middlewareStack.add(
    (next) => async (args) => {
      calls.made++;
      if (calls.made >= nth) throw new Error('dead');
      return next(args);
    },
    { step: 'deserialize', priority: 'high' },
  );
  return calls;
}
