/*
 * Numbers as the browser's language writes them: "1,234.5" or "1.234,5". In: numbers, once the language. Out: text for
 * people, which nothing reads back; files and addresses hold plain JSON numbers.
 */

interface Formats {
  readonly whole: Intl.NumberFormat;
  /** Three significant digits: what an axis has room for. */
  readonly short: Intl.NumberFormat;
  readonly exact: Intl.NumberFormat;
  readonly tenths: Intl.NumberFormat;
}

/** `locale` undefined: the browser's own. Digits are those of the times beside them. */
function formatsOf(locale: string | undefined): Formats {
  const format = (options: Intl.NumberFormatOptions): Intl.NumberFormat =>
    new Intl.NumberFormat(locale, { numberingSystem: 'latn', ...options });
  return {
    whole: format({ maximumFractionDigits: 0 }),
    short: format({ maximumSignificantDigits: 3, useGrouping: false }),
    exact: format({ maximumSignificantDigits: 12, useGrouping: false }),
    tenths: format({ minimumFractionDigits: 1, maximumFractionDigits: 1 }),
  };
}

let formats = formatsOf('en');

export function chooseLocale(locale: string | undefined): void {
  formats = formatsOf(locale);
}

/** "12,345" */
export function wholeNumber(value: number): string {
  return formats.whole.format(value);
}

/** "0.5": one decimal, always. */
export function tenths(value: number): string {
  return formats.tenths.format(value);
}

/** Three significant digits, whole from 100 on, no trailing zeros, no exponent. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return formats.exact.format(Math.round(value));
  return formats.short.format(value);
}

/** Twelve significant digits, no trailing zeros. */
export function exactNumber(value: number): string {
  return formats.exact.format(value);
}
