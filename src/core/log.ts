/** One structured line per event: ids and numbers, never payloads. */
export type Log = (event: string, fields: Record<string, unknown>) => void;

export const consoleLog: Log = (event, fields) => {
  console.log(JSON.stringify({ event, ...fields }));
};
