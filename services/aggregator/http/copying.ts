/*
 * Values that another aggregator has, or lacks. In: requests of the front door, which carries them from one to the other.
 * Out: how many reports each slot has here; slots that have more here, in pieces of bounded size; slots taken over.
 */
import { invalid, notFound } from '../../../common/service/errors';
import type { Reply, Request } from '../../../common/http/http';
import { fqid } from '../../../common/model/instrumentation';
import { LIMITS } from '../../../common/service/limits';
import { checker, Type } from '../../../common/model/schema';
import { takeOver } from '../dataset/restoring';
import { partsOf, Recollection, remember } from '../disk/remembered';
import type { Aggregator } from '../aggregator';
import type { Owned } from '../owned';
import type { Context } from './answer';

/** Size of a piece, before it becomes text; and of one slot, which makes a piece of its own if it must. */
const PIECE_BYTES = 2 * 1024 * 1024;
const SLOT_BYTES = 5 * 1024 * 1024;
/** Bound of the text of one record: twice what a slot may have. */
const TEXT_LENGTH = 8 * 1024 * 1024;
const SLOTS = 2 * LIMITS.retentionPoints;

const Second = Type.Integer({ minimum: 0 });
const Count = Type.Integer({ minimum: 0 });

/** Slots and their numbers of reports, in turn. */
const Held = Type.Object({ slots: Type.Array(Count, { maxItems: 2 * SLOTS }) });
const checkLacking = checker(Type.Object({ held: Held, from: Second }), 'body');
const checkPiece = checker(
  Type.Object({
    records: Type.Array(Type.String({ maxLength: TEXT_LENGTH }), { maxItems: 100 }),
    /** From which second on how many nodes were asked. */
    asked: Type.Array(Type.Tuple([Second, Count]), { maxItems: 2000 }),
  }),
  'body',
);

export function held({ aggregator }: Context, request: Request): Reply {
  const { dataset } = ownedOf(aggregator, request);
  const slots: number[] = [];
  const { from, to } = dataset.span;
  dataset.eachSlot(from, to, ({ time, reports }) => slots.push(time, reports));
  return { json: { slots: slots.slice(-2 * SLOTS) } };
}

/** Slots from `from` on that have more reports than the other one has, as many as one piece takes. */
export function lacking({ aggregator }: Context, request: Request): Reply {
  const { dataset, asked } = ownedOf(aggregator, request);
  const body = checkLacking(request.json);
  const theirs = new Map<number, number>();
  for (let i = 0; i + 1 < body.held.slots.length; i += 2)
    theirs.set(body.held.slots[i] ?? 0, body.held.slots[i + 1] ?? 0);
  const id = idOf(request);
  const records: string[] = [];
  let bytes = 0;
  let next: number | undefined;
  const { from, to } = dataset.span;
  dataset.eachSlot(Math.max(from, body.from), to, ({ time, reports }) => {
    if (next !== undefined || reports <= (theirs.get(time) ?? -1)) return;
    const periods: number[] = [];
    for (let at = time; at < time + dataset.granularity; at += dataset.reportSeconds) periods.push(at);
    for (const record of remember([{ id, dataset, slots: [time], periods }])) {
      if (record.length > SLOT_BYTES) continue; // it reads as missing there
      if (bytes > 0 && bytes + record.length > PIECE_BYTES) next = time;
      else records.push(record.toString('base64'));
      bytes += record.length;
    }
  });
  return { json: { records, asked: asked.all, ...(next === undefined ? {} : { next }) } };
}

export function take({ aggregator, clock }: Context, request: Request): Reply {
  const owned = ownedOf(aggregator, request);
  const piece = checkPiece(request.json);
  const found = new Recollection();
  for (const record of piece.records) {
    const parts = partsOf(Buffer.from(record, 'base64'));
    if (parts === undefined) throw invalid('records', 'are of another version');
    for (const part of parts) found.add(part);
  }
  owned.asked.adopt(piece.asked, owned.since);
  const now = clock.now();
  return { json: takeOver(found.all, owned.dataset.restorable(now), now) };
}

function idOf({ params: { id = '', custid } }: Request): string {
  return fqid({ id, ...(custid === undefined ? {} : { customer: custid }) });
}

function ownedOf(aggregator: Aggregator, request: Request): Owned {
  const owned = aggregator.get(idOf(request));
  if (owned === undefined) throw notFound(`instrumentation ${idOf(request)} here`);
  return owned;
}
