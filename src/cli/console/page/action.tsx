import { useRef, useState } from 'preact/hooks';
import type { Action, PageData } from '../data.ts';
import { act, RefusedError } from './ask.ts';

interface Props {
  page: PageData;
  action: Action;
  label: string;
  /** Asked before anything is done. */
  question: string;
  onDone?: () => void;
}

/** Does something after a confirmation. Where it may not, it says what is lacking. */
export function ActionButton({ page: { readOnly }, action, label, question, onDone }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [said, setSaid] = useState<string>();
  const [busy, setBusy] = useState(false);

  const confirm = async () => {
    setBusy(true);
    try {
      setSaid((await act(action)).says);
      onDone?.();
    } catch (error) {
      setSaid(refusalOf(error));
    }
    setBusy(false);
    dialog.current?.close();
  };

  return (
    <span class="action">
      <button
        type="button"
        disabled={readOnly || busy}
        title={readOnly ? 'The console was started with --read-only.' : undefined}
        onClick={() => dialog.current?.showModal()}
      >
        {label}
      </button>
      <span class="said" role="status">
        {said}
      </span>
      <dialog ref={dialog} aria-label={label}>
        <p>{question}</p>
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

export function refusalOf(error: unknown): string {
  if (!(error instanceof RefusedError)) return 'The console does not answer.';
  const { error: says, lacks } = error.refusal;
  return lacks === undefined ? says : `${says} This needs ${lacks}.`;
}
