/** Times and numbers in words, the same rules as the server's filters. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  if (seconds < 10) return `${Math.max(seconds, 0).toFixed(1)} s`;
  if (seconds < 60) return `${seconds.toFixed(0)} s`;
  const whole = Math.round(seconds);
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export function ago(moment: Date, now = new Date()): string {
  const seconds = (now.getTime() - moment.getTime()) / 1000;
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  const [unit, amount]: [string, number] =
    size >= 86_400 ? ["day", size / 86_400] : size >= 3600 ? ["h", size / 3600] : size >= 60 ? ["min", size / 60] : ["s", size];
  const whole = Math.floor(amount);
  const text = `${whole.toLocaleString("en")} ${unit}${unit === "day" && whole > 1 ? "s" : ""}`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

export function bytes(size: number): string {
  let rest = size;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (rest < 1000) return unit === "B" ? `${rest} B` : `${Number(rest.toPrecision(3))} ${unit}`;
    rest /= 1000;
  }
  return `${Number(rest.toPrecision(3))} TB`;
}

export const grouped = (value: number): string => value.toLocaleString("en");
