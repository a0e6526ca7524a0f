import { MEANINGS } from '../../report/usage-cells.ts';

/** The first column is a name, and the others are figures, or with `text` words. */
export function DataTable({
  of,
  caption,
  head,
  rows,
  text = false,
}: {
  /** What it is about, for those who do not see where it stands among tables of the same caption. */
  of?: string;
  caption: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
  text?: boolean;
}) {
  return (
    // A wide table scrolls by itself, also by keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scroll" aria-label={of === undefined ? caption : `${caption}, ${of}`} tabIndex={0}>
      <table class={text ? 'text' : undefined}>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col" title={MEANINGS[name]}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, ...cells]) => (
            <tr key={[name, ...cells.slice(0, 1)].join('|')}>
              <th scope="row">{name}</th>
              {cells.map((cell, index) => (
                <td key={head[index + 1]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
