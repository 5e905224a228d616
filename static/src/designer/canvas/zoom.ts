/** Zoom buckets as classes of the canvas: far away, small words are left out. */
import { useStore } from "@xyflow/react";
import { useEffect, type RefObject } from "react";

export const bucketOf = (zoom: number): "near" | "far" | "blocks" => (zoom < 0.25 ? "blocks" : zoom < 0.45 ? "far" : "near");

export function useZoomBucket(root: RefObject<HTMLElement | null>): void {
  const bucket = useStore((state) => bucketOf(state.transform[2]));
  useEffect(() => {
    if (root.current) root.current.dataset["zoom"] = bucket;
  }, [bucket, root]);
}
