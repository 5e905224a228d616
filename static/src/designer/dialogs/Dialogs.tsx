export function Dialogs(): null {
  return null;
}
