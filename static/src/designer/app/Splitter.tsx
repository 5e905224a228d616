/** A bar between two areas, moved by mouse, finger or arrow keys. */
interface Props {
  label: string;
  /** "x": a standing bar that changes a width; "y": a lying one that changes a height. */
  axis: "x" | "y";
  value: number;
  min: number;
  max: number;
  /** 1 when dragging right or down makes it larger. */
  sign: 1 | -1;
  onChange: (value: number) => void;
}

export function Splitter({ label, axis, value, min, max, sign, onChange }: Props) {
  const clamp = (next: number): number => Math.round(Math.max(min, Math.min(max, next)));
  const onDown = (event: React.PointerEvent<HTMLDivElement>): void => {
    const from = axis === "x" ? event.clientX : event.clientY;
    const bar = event.currentTarget;
    bar.setPointerCapture(event.pointerId);
    const move = (moved: PointerEvent): void => onChange(clamp(value + sign * ((axis === "x" ? moved.clientX : moved.clientY) - from)));
    const end = (): void => {
      bar.removeEventListener("pointermove", move);
      bar.removeEventListener("pointerup", end);
      bar.removeEventListener("pointercancel", end);
    };
    bar.addEventListener("pointermove", move);
    bar.addEventListener("pointerup", end);
    bar.addEventListener("pointercancel", end);
  };
  const onKey = (event: React.KeyboardEvent): void => {
    const step = { x: { ArrowLeft: -16, ArrowRight: 16 }, y: { ArrowUp: -16, ArrowDown: 16 } }[axis][event.key as never] as number | undefined;
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    onChange(clamp(value + sign * step));
  };
  return <div className={`d-splitter d-splitter-${axis}`} role="separator" aria-label={label} aria-orientation={axis === "x" ? "vertical" : "horizontal"} aria-valuenow={value} aria-valuemin={min} aria-valuemax={max} tabIndex={0} onPointerDown={onDown} onKeyDown={onKey} />;
}
