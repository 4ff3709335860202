/* A parsed command line: its options, or the error; and the exit statuses of programs. */

export class Options {
  private readonly values: ReadonlyMap<string, string | true>;

  constructor(values: ReadonlyMap<string, string | true>) {
    this.values = values;
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  get(name: string): string | undefined {
    const value = this.values.get(name);
    return value === true ? undefined : value;
  }
}

export const EXIT = { ok: 0, wrong: 1, usage: 2, timedOut: 3 } as const;

/** The command line is wrong: a message of one line, exit status 2. */
export class UsageError extends Error {
  /** More lines below the message, such as a mark at a column. */
  readonly picture: string | undefined;

  constructor(message: string, picture?: string) {
    super(message);
    this.name = 'UsageError';
    this.picture = picture;
  }
}
