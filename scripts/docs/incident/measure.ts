/** `npm run docs:incident`: plays the incident, and writes what operators see of it into docs/operations.md. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { between } from '../markdown.ts';
import { playIncident, type Stage } from './incident.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const page = path.join(root, 'docs/operations.md');
const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);
if (chromium === undefined) throw new Error('The pictures need Chromium: apt-get install chromium');

const pictures = new Map<string, Buffer>();
const stages = await playIncident({
  chromium,
  onPicture: (stage, png) => pictures.set(stage, png),
  onStep: (step) => console.log(`${step} ...`),
});
for (const [stage, png] of pictures) writeFileSync(path.join(root, `docs/images/incident-${stage}.png`), png);
writeFileSync(page, between('incident', readFileSync(page, 'utf8'), stages.map(render).join('\n\n')));

function render({ name, happens, lanes, watch, why }: Stage, index: number): string {
  const fence = '```';
  return `**${index + 1}. ${happens}**

![The console's page shows the lane at this stage](images/incident-${name}.png)

${fence}
$ smoother lanes
${lanes}

$ smoother watch
${watch}

$ smoother why nightly-250
${why}
${fence}`;
}
