import { budgetTable } from '../../report/budgets-text.ts';
import type { PageData } from '../data.ts';
import { DataTable } from './table.tsx';

/** What tenants have spent of their budgets today; nothing where nobody has one. */
export function Budgets({ budgets }: { budgets: PageData['budgets'] }) {
  const [first] = budgets;
  if (first === undefined) return null;
  const { head, rows, notes } = budgetTable(budgets);
  return (
    <section aria-labelledby="budgets">
      <h2 id="budgets">Budgets of tenants</h2>
      <DataTable caption={`Of ${first.day}, UTC`} head={head} rows={rows} />
      {notes.map((note) => (
        <p key={note}>{note}</p>
      ))}
    </section>
  );
}
