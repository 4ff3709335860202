/* A key as text on the screen. In: a key of strangers. Out: something that can be seen, and does nothing. */

/** Text for a key: an empty one must not look like nothing, control characters not like layout. */
export function keyText(key: string): string {
  if (key === '') return '(empty)';
  return key.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (c) => `\\u${(c.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
