/** How the draft stands with the server. */
export const BANNER_AFTER = 1500;

export interface ConnectionState {
  state: "connecting" | "online" | "offline" | "refused";
  /** Changes made here that the server has not yet confirmed as stored. */
  unsaved: number;
  savedAt: string | null;
  savedBy: string | null;
  revision: number | null;
  message?: string;
}
