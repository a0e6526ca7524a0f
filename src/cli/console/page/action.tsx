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

/**
 * Does something after a confirmation. Where it may not, it says what is lacking. It may become the button of something else (Pause,
 * then Resume) and keeps the focus. Where it goes away, the focus goes to what is around it: mark that with `tabIndex={-1}`.
 */
export function ActionButton({ page: { readOnly }, action, label, question }: Props) {
  const whole = useRef<HTMLSpanElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const [said, setSaid] = useState<{ label: string; text: string }>();
  const [busy, setBusy] = useState(false);
  const questionId = useId();
  const name = `${label} ${subjectOf(action)}`;

  // Before the button of something else is seen, what belongs to the old one goes: another operator may have been faster.
  useLayoutEffect(
    () => () => {
      dialog.current?.close();
      setSaid(undefined);
    },
    [label],
  );
  useLayoutEffect(
    () => () => {
      if (whole.current?.contains(document.activeElement)) {
        whole.current.closest<HTMLElement>('[tabindex="-1"]')?.focus();
      }
    },
    [],
  );

  const ask = () => {
    setSaid(undefined);
    dialog.current?.showModal();
  };
  const confirm = async () => {
    setBusy(true);
    const says = await act(action).then((done) => done.says, troubleOf);
    setSaid({ label, text: `${says} (${moment(Date.now()).slice(11)})` });
    setBusy(false);
    dialog.current?.close();
  };

  return (
    <span class="action" ref={whole}>
      <button
        type="button"
        aria-label={name}
        disabled={readOnly}
        title={readOnly ? 'The console was started with --read-only.' : undefined}
        onClick={ask}
      >
        {label}
      </button>
      <span class="said" role="status">
        {said?.label === label && said.text}
      </span>
      <dialog ref={dialog} aria-label={name} aria-describedby={questionId}>
        <p id={questionId}>{question}</p>
        <div class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            No
          </button>
          <button type="button" class="primary" disabled={busy} onClick={confirm}>
            {label}
          </button>
        </div>
      </dialog>
    </span>
  );
}

function subjectOf(action: Action): string {
  if ('lane' in action) return action.lane;
  return 'request' in action ? action.request : action.queue;
}
