import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { moment } from '../../report/numbers.ts';
import type { Action, PageData } from '../data.ts';
import { act, troubleOf } from './ask.ts';

interface Props {
  page: PageData;
  action: Action;
  label: string;
  /** Asked before anything is done. */
  question: string;
}

interface Said {
  label: string;
  text: string;
}

/**
 * Does something after a confirmation. Where it may not, it says what is lacking. It may become the button of something else (Pause,
 * then Resume) and keeps the focus. Where there is nothing to do any more, the button goes away, and what was said of it stays.
 */
export function ActionButton({ offered = true, ...props }: Props & { offered?: boolean }) {
  const [said, setSaid] = useState<Said>();
  const { label } = props;

  // Before the button of something else is seen, what was said of the old one goes.
  useLayoutEffect(() => () => setSaid(undefined), [label]);

  return (
    <span class="action">
      {offered && <Control {...props} say={setSaid} />}
      <span class="said" role="status">
        {said?.label === label && said.text}
      </span>
    </span>
  );
}

/** Where it goes away, the focus goes to what is around it: mark that with `tabIndex={-1}`. */
function Control({
  page: { readOnly },
  action,
  label,
  question,
  say,
}: Props & { say(said: Said | undefined): void }) {
  const whole = useRef<HTMLSpanElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const questionId = useId();
  const { kind, name } = subjectOf(action);

  // Another operator may have been faster.
  useLayoutEffect(() => () => dialog.current?.close(), [label]);
  useLayoutEffect(
    () => () => {
      if (whole.current?.contains(document.activeElement)) {
        whole.current.closest<HTMLElement>('[tabindex="-1"]')?.focus();
      }
    },
    [],
  );

  const ask = () => {
    say(undefined);
    dialog.current?.showModal();
  };
  const confirm = async () => {
    setBusy(true);
    const says = await act(action).then((done) => done.says, troubleOf);
    say({ label, text: `${says} (${moment(Date.now()).slice(11)})` });
    setBusy(false);
    dialog.current?.close();
  };

  return (
    <span ref={whole}>
      <button
        type="button"
        aria-label={`${label} ${name}`}
        disabled={readOnly}
        title={readOnly ? 'The console was started with --read-only.' : undefined}
        onClick={ask}
      >
        {label}
      </button>
      <dialog ref={dialog} aria-label={`${label} ${name}`} aria-describedby={questionId}>
        <p id={questionId}>{question}</p>
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            Leave as it is
          </button>
          <button type="button" class="primary" disabled={busy} onClick={confirm}>
            {label} {kind}
          </button>
        </div>
      </dialog>
    </span>
  );
}

function subjectOf(action: Action): { kind: string; name: string } {
  if ('lane' in action) return { kind: 'the lane', name: action.lane };
  if ('request' in action) return { kind: 'the request', name: action.request };
  return { kind: 'the dead letters', name: action.queue };
}
