/*
 * What counting costs, of instrumentations that are opened in the list and not shown: they are not asked for each second; any
 * value has it. In: their ids. Out: costs.
 */
import type { Cost } from '../model/answers.ts';
import type { Api } from '../model/api.ts';

export class UnseenCosts {
  private readonly costs = new Map<string, Cost | undefined>();
  private readonly api: Api;

  constructor(api: Api) {
    this.api = api;
  }

  of(id: string): Cost | undefined {
    return this.costs.get(id);
  }

  /** Of these alone. */
  async refresh(ids: readonly string[]): Promise<void> {
    this.costs.clear();
    const newest = Math.floor(this.api.serverSeconds()) - 2;
    await Promise.all(
      ids.map(async (id) => {
        const [value] = await this.api.raw(id, newest, 1, 1, 0).catch(() => []);
        this.costs.set(id, value?.cost);
      }),
    );
  }
}
