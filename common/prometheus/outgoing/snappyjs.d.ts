/* The part of snappyjs that we use; it has no types of its own. */
declare module 'snappyjs' {
  /** The block format, not the framed one. */
  export function compress(bytes: Uint8Array): Uint8Array;
  export function uncompress(bytes: Uint8Array): Uint8Array;
}
