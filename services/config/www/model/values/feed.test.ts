import type { RawAnswer } from '../answers.ts';
import { Api, ApiError } from '../api.ts';
import { Feed } from './feed.ts';

const END = 1_800_000_000;

interface Asked {
  readonly start: number;
  readonly points: number;
  readonly wait: number;
  /** Requests under way when this one came, itself included. */
  readonly together: number;
}

/** A service that answers each request in a later turn, `fails` of them with an error. */
function service(fails: (start: number) => boolean = () => false): { api: Api; asked: Asked[] } {
  const asked: Asked[] = [];
  let open = 0;
  const fetchLike = async (url: string): Promise<Response> => {
    const query = new URL(url, 'http://service').searchParams;
    const [start = 0, duration = 0, points = 0, wait = 0] = [
      'start_time',
      'duration',
      'ndatapoints',
      'timeout',
    ].map((name) => Number(query.get(name)));
    asked.push({ start, points, wait, together: ++open });
    await new Promise((resolve) => setTimeout(resolve, 1));
    open--;
    if (fails(start)) return Response.json({ error: { code: 'BUSY', message: 'later' } }, { status: 503 });
    const answers = Array.from({ length: points }, (_, i): RawAnswer => ({
      value: 1,
      start_time: start + i * duration,
      duration,
      nsources: 1,
      minreporting: 1,
      lost: 0,
      cost: costAt(start + (i + 1) * duration),
    }));
    return Response.json(answers);
  };
  return { api: new Api('/ca', fetchLike as unknown as typeof fetch, () => END * 1000), asked };
}

function costAt(second: number): NonNullable<RawAnswer['cost']> {
  const worst = { node: 'a', percent_of_core: 1 };
  return { nodes: second, runs_per_second: 1, ns_per_run: 1, percent_of_core: 1, memory_bytes: 1, worst };
}

test('an hour comes in few requests, some at a time, and only the newest one waits', async () => {
  const { api, asked } = service();
  const feed = new Feed(api, '1', 6);
  expect(await feed.refresh(END - 3600, END, END - 3600)).toBe(true);
  expect(feed.history.window(END - 3600, END)).not.toContain(undefined);
  expect(asked).toHaveLength(5);
  expect(Math.max(...asked.map(({ together }) => together))).toBe(3);
  expect(asked.map(({ wait }) => wait > 0)).toEqual([true, false, false, false, false]);
  expect(asked[0]).toMatchObject({ start: END - 720, points: 120 });
  expect(feed.cost?.nodes).toBe(END);
});

test('what came before something broke is kept, and only the rest is asked for again', async () => {
  let broken = true;
  const { api, asked } = service((start) => broken && start < END - 1440);
  const feed = new Feed(api, '1', 6);
  expect(await feed.refresh(END - 3600, END, END - 3600)).toBe(false);
  expect(feed.error).toBeInstanceOf(ApiError);
  broken = false;
  asked.length = 0;
  expect(await feed.refresh(END - 3600, END, END - 3600)).toBe(true);
  expect(feed.error).toBeUndefined();
  expect(asked.every(({ start, points }) => start + points * 6 <= END - 1440)).toBe(true);
  expect(feed.history.window(END - 3600, END)).not.toContain(undefined);
});
