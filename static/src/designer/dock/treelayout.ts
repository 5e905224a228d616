/** Places a decision tree: leaves side by side, each split above the middle of its two. */
import type { TreeNode } from "../data/answers.ts";

export interface Placed {
  node: TreeNode;
  x: number;
  y: number;
  parent: Placed | null;
  side: "left" | "right" | null;
  /** Splits below it are not drawn. */
  isCut: boolean;
}

export const STEP_X = 128;
export const STEP_Y = 66;

export function layTree(tree: TreeNode, deepest: number): { placed: Placed[]; width: number; height: number } {
  const placed: Placed[] = [];
  let leaves = 0;
  let depth = 0;
  const put = (node: TreeNode, level: number, parent: Placed | null, side: Placed["side"]): Placed => {
    const made: Placed = { node, x: 0, y: level * STEP_Y, parent, side, isCut: false };
    placed.push(made);
    depth = Math.max(depth, level);
    const children = [node.left, node.right].filter((child): child is TreeNode => child !== undefined);
    if (!children.length || level >= deepest) {
      made.isCut = children.length > 0;
      made.x = leaves++ * STEP_X;
      return made;
    }
    const below = children.map((child) => put(child, level + 1, made, child === node.left ? "left" : "right"));
    made.x = (below[0]!.x + below.at(-1)!.x) / 2;
    return made;
  };
  put(tree, 0, null, null);
  return { placed, width: leaves * STEP_X, height: (depth + 1) * STEP_Y };
}

export function depthOf(tree: TreeNode): number {
  return Math.max(0, ...[tree.left, tree.right].map((child) => (child ? 1 + depthOf(child) : 0)));
}
