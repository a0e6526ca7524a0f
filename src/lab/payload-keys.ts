/** The form of payloads' keys, written down apart from the code that makes them: no producer can steer one. */
const PAYLOAD_KEY = /^(payloads\/[0-9a-f]{32}\/[0-9a-f]{64}\.json|small\/[0-9a-f]{32}\/[0-9a-f]{32})$/;

export function isPayloadKey(key: string): boolean {
  return PAYLOAD_KEY.test(key);
}
