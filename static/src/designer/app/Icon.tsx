import { spriteUrl } from "../../ui/dom.ts";

/** An icon of the sprite; the build finds its name in `icon="…"`. */
export function Icon({ icon, className = "" }: { icon: string; className?: string }) {
  return (
    <svg className={`icon ${className}`} aria-hidden="true" focusable="false">
      <use href={`${spriteUrl()}#${icon}`} />
    </svg>
  );
}

/** The look of a category on its tile; names are looked at, so a team's own categories get a look too. */
export function tileOf(category: string, component = ""): { icon: string; kind: string } {
  const text = `${category} ${component}`.toLowerCase();
  const found = TILES.find(([pattern]) => pattern.test(text));
  return found ? { icon: found[1].icon, kind: found[1].kind } : { icon: "box", kind: "any" };
}

const TILES: [RegExp, { icon: string; kind: string }][] = [
  [/python|script|sql/, { icon: "brand-python", kind: "any" }],
  [/asset.*model|saved_model/, { icon: "package", kind: "learner" }],
  [/asset.*transform|saved_transform/, { icon: "transform", kind: "transform" }],
  [/data input|input and output|asset|import|enter_data/, { icon: "database", kind: "dataset" }],
  [/scor|evaluat|permutation/, { icon: "chart-line", kind: "metrics" }],
  [/statistic/, { icon: "chart-histogram", kind: "metrics" }],
  [/feature/, { icon: "filter", kind: "transform" }],
  [/text/, { icon: "file-text", kind: "dataset" }],
  [/vision|image/, { icon: "photo", kind: "learner" }],
  [/recommend/, { icon: "star", kind: "learner" }],
  [/anomaly/, { icon: "heart-rate-monitor", kind: "learner" }],
  [/inference|web service/, { icon: "rocket", kind: "any" }],
  [/algorithm|classif|regress|cluster|train|machine learning|model/, { icon: "binary-tree-2", kind: "learner" }],
  [/transform|data prep|clean/, { icon: "table", kind: "transform" }],
];
