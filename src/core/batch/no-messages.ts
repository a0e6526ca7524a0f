/** Ports of ingestion that a batch never uses: its requests do not point to objects, and their results stay in the table. */
import type { Inbox } from '../request/ports.ts';
import type { Results } from '../request/result.ts';

export const NO_INBOX: Inbox = {
  async read(key) {
    throw new Error(`A record of a batch points to ${key}`);
  },
};

export const NO_RESULTS: Results = {
  async send({ request_id }) {
    throw new Error(`The result of ${request_id}, a record of a batch, was to be sent`);
  },
};
