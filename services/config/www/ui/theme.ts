/*
 * Light, dark or print: as the device has it, or as chosen; on paper always print. In: the choice. Out: an attribute on the
 * root that the style reads, and the theme that pictures are asked for with.
 */
import type { Theme } from '../../../../common/model/hue.ts';

const prefersDark = window.matchMedia('(prefers-color-scheme: dark)');
const onPaper = window.matchMedia('print');
/** The page is being made ready for paper. */
let printing = false;
/** Longer than this nobody waits for the pictures to be painted for paper. */
const PRINT_WAIT_MS = 3000;

/** Just before the browser prints, and after: what can be drawn at once is in what it prints. */
export function onPrinting(draw: () => void): void {
  for (const [event, now] of [
    ['beforeprint', true],
    ['afterprint', false],
  ] as const)
    window.addEventListener(event, () => {
      printing = now;
      draw();
    });
}

export function themeNow(chosen: Theme | undefined): Theme {
  if (printing || onPaper.matches) return 'print';
  return chosen ?? (prefersDark.matches ? 'dark' : 'light');
}

export function applyTheme(chosen: Theme | undefined): void {
  document.documentElement.dataset['theme'] = themeNow(chosen);
}

export function onDeviceTheme(changed: () => void): void {
  for (const media of [prefersDark, onPaper]) media.addEventListener('change', changed);
}

/** A browser that prints does not wait for the service: pictures are painted for paper first. `draw` paints all of them. */
export async function printPage(draw: () => Promise<unknown>): Promise<void> {
  if (printing) return;
  printing = true;
  try {
    const late = new Promise((resolve) => setTimeout(resolve, PRINT_WAIT_MS));
    await Promise.race([draw(), late]);
    window.print();
  } finally {
    printing = false;
    void draw();
  }
}
