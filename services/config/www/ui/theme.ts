/* Light or dark: as the device has it, or as chosen. In: the choice. Out: an attribute on the root that the style reads. */
import type { Theme } from '../../../../common/model/hue.ts';

const prefersDark = window.matchMedia('(prefers-color-scheme: dark)');

export function themeNow(chosen: Theme | undefined): Theme {
  return chosen ?? (prefersDark.matches ? 'dark' : 'light');
}

export function applyTheme(chosen: Theme | undefined): void {
  document.documentElement.dataset['theme'] = themeNow(chosen);
}

export function onDeviceTheme(changed: () => void): void {
  prefersDark.addEventListener('change', changed);
}
