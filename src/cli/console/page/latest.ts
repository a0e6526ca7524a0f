import { useEffect, useState } from 'preact/hooks';
import { ask, troubleOf } from './ask.ts';

const EVERY_MS = 2_000;
const SLOW_SECONDS = 20;

interface Latest<Answer> {
  answer?: Answer;
  trouble?: string;
}

/** Asks again and again while it is shown. The last answer stays while there is trouble. */
export function useLatest<Answer>(path: string): Latest<Answer> {
  const [latest, setLatest] = useState<Latest<Answer>>({});

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = false;
    const inTrouble = (trouble: string) => setLatest((last) => ({ ...last, trouble }));
    const look = async () => {
      timer = setTimeout(inTrouble, SLOW_SECONDS * 1_000, `There has been no answer for ${SLOW_SECONDS} s.`);
      const show = await ask<Answer>(path).then(
        (answer) => () => setLatest({ answer }),
        (error) => () => inTrouble(troubleOf(error)),
      );
      clearTimeout(timer);
      if (ended) return;
      show();
      timer = setTimeout(look, EVERY_MS);
    };
    void look();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [path]);

  return latest;
}
