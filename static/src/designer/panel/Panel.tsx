export function Panel(): null {
  return null;
}
