import { encodeData, type DataMessage } from '../../../common/wire/data';
import { LIMITS } from '../../../common/service/limits';
import { routes } from '../../../common/wire/route';
import type { Value } from '../../../common/model/value';
import { HandClock } from '../testing/fakes';
import { Outbox, REPORTS, REPORTS_PER_MESSAGE } from './outbox';
import type { Parcel } from './parcel';

const START = 1_700_000_000;

function outbox() {
  const clock = new HandClock(START);
  const sent: { keys: readonly string[]; message: DataMessage }[] = [];
  const link = { up: true, room: Infinity };
  const box = new Outbox({
    host: 'n1',
    clock,
    routes: routes('t'),
    send: (keys, message) => {
      if (!link.up || link.room-- <= 0) return false;
      sent.push({ keys, message });
      return true;
    },
  });
  return { box, clock, sent, link };
}

const parcel = (second: number, fqid = 'global;1'): Parcel => ({
  second: START + second,
  duration: 1,
  report: { fqid, value: { shape: 'number', number: second }, lost: 0 },
});
const secondsOf = (sent: { message: DataMessage }[]) => sent.map(({ message }) => message.second - START);
const turnOfTheLoop = () => new Promise((resolve) => setImmediate(resolve));

test('a report goes to the key of its instrumentation, with the node, the seconds and the time of sending', async () => {
  const { box, sent } = outbox();
  box.put(parcel(3, 'cust:a;7'));
  await turnOfTheLoop();
  expect(sent).toEqual([
    {
      keys: ['t.ca.instrumentation.cust:a;7'],
      message: {
        node: 'n1',
        second: START + 3,
        duration: 1,
        sent: START * 1000,
        reports: [{ fqid: 'cust:a;7', value: { shape: 'number', number: 3 }, lost: 0 }],
      },
    },
  ]);
});

test('reports about the same seconds travel together, under the keys of all', async () => {
  const { box, sent } = outbox();
  box.put(parcel(3, 'global;1'));
  box.put({ ...parcel(0, 'global;2'), duration: 5 });
  box.put(parcel(3, 'global;3'));
  await turnOfTheLoop();
  expect(sent.map(({ keys, message }) => [keys, message.second - START, message.duration])).toEqual([
    [['t.ca.instrumentation.global;2'], 0, 5],
    [['t.ca.instrumentation.global;1', 't.ca.instrumentation.global;3'], 3, 1],
  ]);
  expect(sent[1]!.message.reports.map(({ fqid }) => fqid)).toEqual(['global;1', 'global;3']);
});

test('a message holds no more reports, and no more bytes, than it may', async () => {
  const { box, sent } = outbox();
  for (let i = 0; i < REPORTS_PER_MESSAGE + 1; i++) box.put(parcel(1, `global;${i}`));
  while (box.queued > 0) await turnOfTheLoop();
  expect(sent.map(({ message }) => message.reports.length)).toEqual([REPORTS_PER_MESSAGE, 1]);
  sent.length = 0;
  const large: Value = {
    shape: 'keyed-distribution',
    distributions: new Map(
      Array.from({ length: 1000 }, (_, i) => [String(i).padEnd(128), Array.from({ length: 40 }, () => 1)]),
    ),
  };
  for (let i = 0; i < 8; i++) {
    box.put({ ...parcel(1), report: { fqid: `global;${i}`, value: large, lost: 0 } });
  }
  while (box.queued > 0) await turnOfTheLoop();
  expect(sent.length).toBeGreaterThan(1);
  for (const { message } of sent) {
    expect(encodeData(message).length).toBeLessThan(LIMITS.dataMessageBytes);
  }
});

test('while the broker is away values wait, and go out in order, the oldest first', async () => {
  const { box, sent, link, clock } = outbox();
  link.up = false;
  for (let second = 1; second <= 450; second++) box.put(parcel(second));
  await turnOfTheLoop();
  expect(sent).toEqual([]);
  link.up = true;
  clock.time += 5000;
  box.flush();
  box.put(parcel(451));
  while (box.queued > 0) await turnOfTheLoop();
  expect(secondsOf(sent)).toEqual(Array.from({ length: 451 }, (_, i) => i + 1));
  expect(sent[0]!.message.sent).toBe(START * 1000 + 5000);
  expect(box.counts).toMatchObject({ sent: 451, lost: 0 });
});

test('a link that breaks again keeps the rest in order', async () => {
  const { box, sent, link } = outbox();
  link.up = false;
  for (let second = 1; second <= 6; second++) box.put(parcel(second));
  await turnOfTheLoop();
  link.up = true;
  link.room = 2;
  box.flush();
  expect(secondsOf(sent)).toEqual([1, 2]);
  link.room = Infinity;
  box.put(parcel(7));
  await turnOfTheLoop();
  expect(secondsOf(sent)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('what is older than the limit is given up, oldest first, and counted', async () => {
  const { box, sent, link, clock } = outbox();
  link.up = false;
  for (let second = 1; second <= LIMITS.outboxSeconds + 10; second++) {
    clock.time = (START + second) * 1000;
    box.put(parcel(second));
  }
  await turnOfTheLoop();
  link.up = true;
  box.flush();
  expect(secondsOf(sent)[0]).toBe(10);
  expect(box.counts).toMatchObject({ sent: LIMITS.outboxSeconds + 1, lost: 9 });
});

test('no more than so many reports wait, whatever their age', () => {
  const { box, link } = outbox();
  link.up = false;
  for (let i = 0; i < REPORTS + 3; i++) box.put(parcel(1, `global;${i}`));
  expect(box.queued).toBe(REPORTS);
  box.close();
  expect(box.counts.lost).toBe(REPORTS + 3);
});

test('at the end what can be sent is sent; the rest is lost, and counted', () => {
  const { box, sent, link } = outbox();
  box.put(parcel(1));
  box.close();
  expect(secondsOf(sent)).toEqual([1]);
  link.up = false;
  box.put(parcel(2));
  box.close();
  expect(box.counts).toMatchObject({ sent: 1, lost: 1 });
});

test('what was sent can be sent again for as long, with the same value; what is not here is said', async () => {
  const { box, clock, sent } = outbox();
  for (let second = 1; second <= 3; second++) box.put(parcel(second));
  await turnOfTheLoop();
  sent.length = 0;
  const seconds = [START + 1, START + 3, START + 9];
  expect(box.resend([{ fqid: 'global;1', seconds }, { fqid: 'global;7', seconds: [START + 1] }])).toEqual([
    { fqid: 'global;1', seconds: [START + 9] },
    { fqid: 'global;7', seconds: [START + 1] },
  ]); // prettier-ignore
  expect(sent.map(({ message }) => [message.second - START, message.reports[0]?.value])).toEqual([
    [1, { shape: 'number', number: 1 }],
    [3, { shape: 'number', number: 3 }],
  ]);
  expect(box.counts).toEqual({ sent: 3, lost: 0, resent: 2 });
  clock.time += (LIMITS.outboxSeconds + 2) * 1000;
  box.flush();
  expect(box.resend([{ fqid: 'global;1', seconds: [START + 1, START + 3] }])).toEqual([
    { fqid: 'global;1', seconds: [START + 1] },
  ]);
});

test('what was given up is said by the next report of the same instrumentation', async () => {
  const { box, clock, sent, link } = outbox();
  link.up = false;
  box.put(parcel(5));
  box.put(parcel(6));
  box.put({ ...parcel(6, 'global;2'), snapshot: true });
  clock.time += (LIMITS.outboxSeconds + 10) * 1000;
  link.up = true;
  box.put(parcel(75));
  box.put(parcel(75, 'global;2'));
  box.put(parcel(76));
  await turnOfTheLoop();
  const told = sent.flatMap(({ message }) =>
    message.reports.map(({ fqid, lost }) => [message.second - START, fqid, lost]),
  );
  expect(told).toEqual([
    [75, 'global;1', 11],
    [75, 'global;2', 0],
    [76, 'global;1', 0],
  ]);
  expect(box.counts.lost).toBe(3);
});
