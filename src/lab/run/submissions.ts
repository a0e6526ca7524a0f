import { readMessage } from '../../core/request/message.ts';
import type { Outcome } from '../../core/request/record.ts';
import { contentHash } from '../../core/request/request.ts';

/** A message on the Input queue. */
interface Submission {
  content: string;
  invalid: boolean;
  /** The outcome that came under the message's own id. */
  own?: Outcome;
}

/** Messages with one request id. Those with the same content share the result under that id; others are rejected. */
interface Group {
  submissions: Submission[];
  outcome?: Outcome;
  unanswered: number;
}

/**
 * The messages that were sent, and which of them have their result. The result comes under the message's request id, or
 * under its SQS message id when it has no usable one or when other content has taken that id.
 */
export class Submissions {
  submitted = 0;
  /** Messages without a result. */
  unanswered = 0;
  /** Results beyond the first under the same id. */
  duplicates = 0;
  readonly #groups = new Map<string, Group>();
  readonly #groupOfMessage = new Map<string, { group: Group; submission: Submission }>();
  /** Outcomes by the id of their result, including those of messages whose sending is not confirmed yet. */
  readonly #outcomes = new Map<string, Outcome>();

  /** The queue has taken `line` under `messageId`. */
  sent(line: string, requestId: string | undefined, messageId: string): void {
    this.submitted++;
    const reading = readMessage(line, { longestWaitSeconds: Number.POSITIVE_INFINITY });
    const content = reading.kind === 'request' ? contentHash(reading.request) : line;
    const submission = { content, invalid: reading.kind === 'invalid', own: this.#outcomes.get(messageId) };
    const group = this.#groupOf(requestId ?? messageId);
    group.submissions.push(submission);
    this.#groupOfMessage.set(messageId, { group, submission });
    this.#count(group);
  }

  /** A result has come. True for the first one under its id. */
  ended(resultId: string, outcome: Outcome): boolean {
    if (this.#outcomes.has(resultId)) {
      this.duplicates++;
      return false;
    }
    this.#outcomes.set(resultId, outcome);
    const message = this.#groupOfMessage.get(resultId);
    if (message) message.submission.own = outcome;
    const group = this.#groups.get(resultId) ?? message?.group;
    if (!group) return true;
    if (this.#groups.has(resultId)) group.outcome = outcome;
    this.#count(group);
    return true;
  }

  /** Invalid messages that did not end REJECTED. */
  wronglyAccepted(): number {
    let count = 0;
    for (const group of this.#groups.values()) {
      for (const { invalid, own = group.outcome } of group.submissions) {
        if (invalid && own !== undefined && own !== 'REJECTED') count++;
      }
    }
    return count;
  }

  #groupOf(id: string): Group {
    let group = this.#groups.get(id);
    if (!group) {
      group = { submissions: [], outcome: this.#outcomes.get(id), unanswered: 0 };
      this.#groups.set(id, group);
    }
    return group;
  }

  #count(group: Group): void {
    const unanswered = unansweredOf(group);
    this.unanswered += unanswered - group.unanswered;
    group.unanswered = unanswered;
  }
}

/** The result under the request id belongs to the content that most messages have. */
function unansweredOf({ submissions, outcome }: Group): number {
  const others = submissions.filter(({ own }) => own === undefined);
  if (outcome === undefined) return others.length;
  const byContent = new Map<string, number>();
  for (const { content } of others) byContent.set(content, (byContent.get(content) ?? 0) + 1);
  return others.length - Math.max(0, ...byContent.values());
}
