/** The column that the statistics speak of; chosen in the grid's head or in their list. */
import { Cell } from "../store/cell.ts";

export const chosenColumn = new Cell<string | null>(null);
