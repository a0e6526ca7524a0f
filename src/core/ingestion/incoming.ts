/** A message of the Input queue, as the event source hands it over. */
export interface QueueMessage {
  messageId: string;
  body: string;
  attributes: { SentTimestamp: string; ApproximateReceiveCount: string };
}

export interface IncomingMessage {
  id: string;
  body: string;
  /** Epoch milliseconds. */
  sentAt: number;
  /** 1 on the first delivery. */
  receiveCount: number;
}

export function incomingOf({ messageId, body, attributes }: QueueMessage): IncomingMessage {
  return {
    id: messageId,
    body,
    sentAt: Number(attributes.SentTimestamp),
    receiveCount: Number(attributes.ApproximateReceiveCount),
  };
}
