export function Dock(): null {
  return null;
}
