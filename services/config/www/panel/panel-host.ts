/* What the parts of a panel need of it. In: nothing. Out: the contract; panel.ts fulfils it. */
import type { Cell, CellFacts } from '../model/cell-facts.ts';
import type { PanelState } from '../model/url-state.ts';
import type { View } from '../model/view.ts';
import type { PanelData } from './panel-data.ts';

export interface PanelHost {
  readonly state: PanelState;
  readonly element: HTMLElement;
  set(change: Partial<PanelState>): void;
  current(): View | undefined;
  plot(): HTMLElement | undefined;
  /** Keys that have a colour of their own, for a picture that is taken away. */
  legend(): readonly (readonly [name: string, colour: string])[];
  /** The cell under the pin, on the axis that is shown now. */
  pinned(view: View): Cell | undefined;
  scroll(columns: number): void;
  knownFacts(cell: Cell, keys: number): CellFacts | undefined;
  /** What is behind a cell; undefined: it cannot be had now. */
  factsAt(cell: Cell, keys: number): Promise<CellFacts | undefined>;
  /** Everything that is fetched for it. */
  readonly data: PanelData;
}
