import { useState } from 'preact/hooks';
import { USAGE_HEADS, usageCells } from '../../report/usage-cells.ts';
import { type PageData, TABLES_BY, type TableBy } from '../data.ts';
import { DataTable } from './table.tsx';

/** What was used, by tenant and so on. A saved report shows every table, so that it prints whole. */
export function UsageTables({ usage, live }: { usage: PageData['usage']; live: boolean }) {
  const [by, setBy] = useState<TableBy>('tenant');
  return (
    <section aria-labelledby="usage">
      <h2 id="usage">What was used{live && ' in the last hour'}</h2>
      {live ? (
        <>
          <fieldset class="choice">
            <legend>By</legend>
            {TABLES_BY.map((name) => (
              <label key={name}>
                <input type="radio" name="by" checked={by === name} onChange={() => setBy(name)} /> {name}
              </label>
            ))}
          </fieldset>
          <UsageTable by={by} lines={usage[by]} />
        </>
      ) : (
        TABLES_BY.map((name) => <UsageTable key={name} by={name} lines={usage[name]} />)
      )}
    </section>
  );
}

function UsageTable({ by, lines }: { by: TableBy; lines: PageData['usage'][TableBy] }) {
  if (lines.length === 0) return <p>Nothing arrived, and nothing ended.</p>;
  return <DataTable caption={`By ${by}`} head={[by, ...USAGE_HEADS]} rows={lines.map(usageCells)} />;
}
