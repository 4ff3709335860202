/*
 * A deadline for work. In: a promise, milliseconds. Out: its result, or a substitute when it is late. The work itself
 * goes on; its result is dropped.
 */

/** `late` yields the substitute when the time is up; it may throw. */
export async function within<T, L>(milliseconds: number, work: Promise<T>, late: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  }).then(late);
  // A rejection of the loser is not reported.
  over.catch(() => undefined);
  work.catch(() => undefined);
  try {
    return await Promise.race([work, over]);
  } finally {
    clearTimeout(timer);
  }
}
