/*
 * Returns freed native memory to the system: glibc keeps it while blocks around it are in use. In: a call when much was freed.
 * Out: a smaller process; without glibc nothing happens.
 */
export async function trimMalloc(): Promise<void> {
  if (process.platform !== 'linux') return;
  try {
    const { default: koffi } = await import('koffi');
    koffi.load(null).func('int malloc_trim(size_t)')(0);
  } catch {
    // musl has no such function, and koffi is not built for all systems.
  }
}
