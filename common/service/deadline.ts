/*
 * Work that may take this long and no longer. In: a promise, milliseconds. Out: what it resolves to, or what is to be
 * instead when it is late. The work itself goes on: what it comes to is dropped.
 */

/** `late`: what to resolve to when the time is up; it may throw. */
export async function within<T, L>(milliseconds: number, work: Promise<T>, late: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  }).then(late);
  // Whichever comes second fails unheard.
  over.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
