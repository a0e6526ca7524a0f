/** The rooms of the project and which of them may import which. A test enforces it, docs/architecture.md shows it. */
import path from 'node:path';
import { renderTable } from './markdown.ts';

export interface Room {
  /** A folder; a file belongs to the deepest room that contains it. */
  folder: string;
  holds: string;
  /** Rooms from which it may import, beside itself. `src/core/**` stands for the room and all rooms below it. */
  mayImport: readonly string[];
}

const CORE = 'src/core/**';
const REQUEST = 'src/core/request';
const LAYOUT = 'src/core/layout';
const CATALOG = 'src/core/lane/catalog';
const LANE = 'src/core/lane';
const WIRE = 'src/wire';
const ALL_BELOW = [CORE, 'src/aws', 'src/stack', WIRE, 'src/client', 'src/memory', 'src/local/**'];

/** The upper half ships to AWS or to producers; from `src/memory` on it stays on a developer's machine. */
export const ROOMS: readonly Room[] = [
  {
    folder: 'handlers',
    holds: 'one file for each Lambda function: wires the core to AWS',
    mayImport: [CORE, 'src/aws'],
  },
  {
    folder: REQUEST,
    holds: 'what a request is: record, state machine, messages, token estimate',
    mayImport: [],
  },
  {
    folder: LAYOUT,
    holds:
      'what the stack deploys and the functions find: each function’s environment, tables and their indexes',
    mayImport: [REQUEST],
  },
  { folder: CATALOG, holds: 'models: what shares a quota, and what it costs', mayImport: [REQUEST] },
  { folder: LANE, holds: 'the contract between workers and leader', mayImport: [REQUEST, CATALOG] },
  {
    folder: 'src/core/lane/engine',
    holds: 'the decisions about one lane: ledger, pacing, shares, breaker; pure',
    mayImport: [REQUEST, CATALOG, LANE],
  },
  {
    folder: 'src/core/prioritization',
    holds: 'leads lanes: reads, lets the engine decide, writes',
    mayImport: [REQUEST, CATALOG, LANE, 'src/core/lane/engine', 'src/core'],
  },
  {
    folder: 'src/core',
    holds:
      'the logic of the other functions over ports (ingestion, invocation, reporting); operations; clock and log',
    mayImport: [REQUEST, CATALOG, LANE],
  },
  { folder: 'src/aws', holds: 'the ports on AWS, by service', mayImport: [CORE] },
  { folder: 'src/stack', holds: 'constructs → Terraform, and the table of variables', mayImport: [LAYOUT] },
  {
    folder: WIRE,
    holds:
      'HTTP as Bedrock speaks it: paths, bodies, errors, event streams; one port for HTTP/1.1 and HTTP/2',
    mayImport: [],
  },
  { folder: 'src/client', holds: 'what producers import', mayImport: [CORE, 'src/aws', WIRE] },
  { folder: 'src/memory', holds: 'the ports in memory', mayImport: [CORE] },
  {
    folder: 'src/local/bedrock',
    holds: 'the Bedrock simulator, written from the documentation: an independent judge',
    mayImport: [WIRE],
  },
  {
    folder: 'src/local',
    holds: 'the local cloud: reads the synthesised Terraform JSON and runs it',
    mayImport: ['src/local/bedrock', WIRE],
  },
  {
    folder: 'src/lab',
    holds:
      'experiments: running a file, simulation, benchmarks, soak, crashes, faults, fuzz, other people’s tools',
    mayImport: ALL_BELOW,
  },
  {
    folder: 'src/cli',
    holds: 'the command line: commands, what operators do, reports, the terminal',
    mayImport: [...ALL_BELOW, 'src/lab'],
  },
];

/** The room of a file, by its path from the project's folder; undefined outside of all rooms. */
export function roomOf(file: string): Room | undefined {
  const rooms = ROOMS.filter(({ folder }) => file.startsWith(`${folder}/`));
  return rooms.sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** Whether the file `from` may import the file `to`, both by their paths from the project's folder. */
export function mayImport(from: string, to: string): boolean {
  const importer = roomOf(from);
  const imported = roomOf(to);
  if (importer === undefined || importer === imported) return true;
  if (imported === undefined) return false;
  return importer.mayImport.some((room) =>
    room.endsWith('/**') ? `${imported.folder}/`.startsWith(room.slice(0, -2)) : imported.folder === room,
  );
}

/** The files that a module's relative imports name. */
export function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(/\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier = '']) =>
    path.posix.join(path.posix.dirname(file), specifier),
  );
}

/** In Markdown, for docs/architecture.md. */
export function renderRooms(): string {
  const rows = ROOMS.map(({ folder, holds, mayImport }) => [
    `\`${folder}\``,
    holds,
    mayImport.length === 0 ? 'nothing of ours' : mayImport.map((room) => `\`${room}\``).join(', '),
  ]);
  return renderTable([['room', 'holds', 'may import'], ...rows]);
}
