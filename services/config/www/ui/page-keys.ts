/* Keys of the whole page. In: what they do. Out: nothing; a picture has its own, which it keeps to itself. */

export interface PageKeys {
  /** Escape: out of whatever fills the screen. */
  leave(): void;
  ask(): void;
  help(): void;
  print(): void;
}

export function listenToKeys(keys: PageKeys): void {
  document.addEventListener('keydown', (event) => {
    const { key, target } = event;
    const withControl = event.ctrlKey || event.metaKey;
    const isTyping = target instanceof HTMLElement && target.matches('input, select, textarea');
    if (key === 'Escape') keys.leave();
    if (key === '/' && !isTyping && !withControl) {
      event.preventDefault();
      keys.ask();
    }
    if (key === '?' && !isTyping) keys.help();
    if (key === 'p' && withControl && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      keys.print();
    }
  });
}
