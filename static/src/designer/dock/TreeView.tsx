/** One decision tree, drawn down to a depth that one chooses. */
import { useMemo, useState } from "react";
import { grouped } from "../../ui/format.ts";
import type { TreeNode } from "../data/answers.ts";
import { metricText } from "./thresholds.ts";
import { depthOf, layTree, STEP_X, type Placed } from "./treelayout.ts";

const BOX = { width: 118, height: 42 };
const FIRST_DEPTH = 3;

export function TreeView({ tree }: { tree: TreeNode }) {
  const deepest = useMemo(() => depthOf(tree), [tree]);
  const [depth, setDepth] = useState(Math.min(deepest, FIRST_DEPTH));
  const { placed, width, height } = useMemo(() => layTree(tree, depth), [tree, depth]);
  return (
    <>
      {deepest > 1 && (
        <label className="k-tree-choice">
          Depth
          <input type="range" className="p-slider k-depth" min={1} max={deepest} value={depth} ref={(input) => input?.style.setProperty("--filled", `${deepest > 1 ? ((depth - 1) / (deepest - 1)) * 100 : 100}%`)} onChange={(event) => setDepth(Number(event.target.value))} />
          <span className="secondary">
            {depth} of {deepest}
          </span>
        </label>
      )}
      <div className="k-tree" tabIndex={0} role="group" aria-label={`Decision tree: ${placed.length} nodes shown`}>
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={tell(tree)}>
          {placed.map((each, at) => each.parent && <Branch key={at} from={each.parent} to={each} />)}
          {placed.map((each, at) => (
            <Box key={at} placed={each} />
          ))}
        </svg>
      </div>
    </>
  );
}

const middle = (placed: Placed): number => placed.x + STEP_X / 2;

function Branch({ from, to }: { from: Placed; to: Placed }) {
  const [x1, y1, x2, y2] = [middle(from), from.y + BOX.height, middle(to), to.y];
  return <path className="k-branch" d={`M${x1} ${y1}C${x1} ${(y1 + y2) / 2} ${x2} ${(y1 + y2) / 2} ${x2} ${y2}`} />;
}

function Box({ placed }: { placed: Placed }) {
  const { node } = placed;
  const x = middle(placed) - BOX.width / 2;
  const isSplit = node.feature !== undefined;
  return (
    <g className={isSplit ? "k-split-node" : "k-leaf"}>
      <title>{isSplit ? `${node.feature} ≤ ${threshold(node)} · ${grouped(node.rows)} rows` : `${valueOf(node)} · ${grouped(node.rows)} rows`}</title>
      <rect x={x} y={placed.y} width={BOX.width} height={BOX.height} rx="6" />
      <text x={middle(placed)} y={placed.y + 17}>
        {clip(isSplit ? node.feature! : valueOf(node), 17)}
      </text>
      <text className="k-rows" x={middle(placed)} y={placed.y + 32}>
        {isSplit ? `≤ ${threshold(node)} · ` : ""}
        {grouped(node.rows)} rows{placed.isCut ? " …" : ""}
      </text>
    </g>
  );
}

const clip = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const threshold = (node: TreeNode): string => (typeof node.threshold === "number" ? metricText(node.threshold).replace(/\.?0+$/, "") : clip(String(node.threshold ?? ""), 8));

function valueOf(node: TreeNode): string {
  const value = node.value;
  if (Array.isArray(value)) return value.slice(0, 3).map((part) => (typeof part === "number" ? metricText(part) : part)).join(" · ");
  return typeof value === "number" ? metricText(value) : String(value ?? "");
}

const tell = (tree: TreeNode): string => `Tree of ${grouped(tree.rows)} rows${tree.feature ? `, first split by ${tree.feature} at ${threshold(tree)}` : ""}`;
