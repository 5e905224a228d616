/** A confusion matrix as a table whose cells are tinted by their share of the row. */
import { grouped } from "../../ui/format.ts";

const STEPS = 8;

export function Confusion({ title, labels, matrix }: { title: string; labels: readonly string[]; matrix: readonly (readonly number[])[] }) {
  return (
    <table className="k-confusion">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col" className="k-corner">
            actual ↓ · scored →
          </th>
          {labels.map((label) => (
            <th key={label} scope="col">
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {matrix.map((row, at) => {
          const sum = row.reduce((total, count) => total + count, 0) || 1;
          return (
            <tr key={at}>
              <th scope="row">{labels[at]}</th>
              {row.map((count, column) => (
                <td key={column} className={`${column === at ? "is-right" : "is-wrong"} k-heat-${Math.round((count / sum) * STEPS)}`}>
                  {grouped(count)}
                  <span>{Math.round((count / sum) * 100)}%</span>
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
