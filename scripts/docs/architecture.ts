import { renderEnvironments } from './environment.ts';
import { renderIndexes } from './indexes.ts';
import { between } from './markdown.ts';
import { renderRooms } from './rooms.ts';

/** docs/architecture.md with the tables that are written from the code. */
export function withArchitectureTables(document: string): string {
  const tables = { rooms: renderRooms(), indexes: renderIndexes(), environment: renderEnvironments() };
  return Object.entries(tables).reduce((text, [name, table]) => between(name, text, table), document);
}
