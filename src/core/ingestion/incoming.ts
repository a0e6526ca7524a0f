/** A message of the Input queue. */
export interface IncomingMessage {
  id: string;
  body: string;
  /** Epoch milliseconds. */
  sentAt: number;
  /** 1 on the first delivery. */
  receiveCount: number;
}
