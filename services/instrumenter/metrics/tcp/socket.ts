/*
 * Fields of the kernel's socket of a TCP connection. In: a pointer to a struct sock. Out: expressions and fields by
 * name, for the descriptions of this folder.
 */
import {
  any,
  bits,
  cast,
  choose,
  equal,
  member,
  plus,
  shiftLeft,
  shiftRight,
  word,
  type Expression,
} from '../language/expression';
import { pair, zoneOfCgroup } from '../language/observation';
import { ADDRESSES } from '../language/words';

/** Values of include/net/tcp_states.h. */
export const STATE = { established: 1, synSent: 2, synReceived: 3, closed: 7, listening: 10 } as const;

const INET6 = 10;
const TCP = 6;
/** The second word of ::ffff:a.b.c.d, without its last four bytes. */
const V4_PREFIX = 0xffff_0000;

export const isTcp = (sock: Expression): Expression => equal(member(sock, 'sk_protocol'), TCP);

/** Numbers on the wire have their high byte first. */
function swapped(port: Expression): Expression {
  return plus(shiftLeft(bits(port, 0xff), 8), bits(shiftRight(port, 8), 0xff));
}

export function addresses(sock: Expression) {
  const common = '__sk_common';
  const isV6 = equal(member(sock, `${common}.skc_family`), INET6);
  const v4 = plus(shiftLeft(member(sock, `${common}.skc_daddr`), 32), V4_PREFIX);
  return {
    // The zone of the socket, not of the program that was running when the packet arrived.
    zonename: zoneOfCgroup(member(sock, 'sk_cgrp_data.cgroup.kn.id')),
    raddr: pair(
      choose(isV6, word(sock, `${common}.skc_v6_daddr`, 0), 0),
      choose(isV6, word(sock, `${common}.skc_v6_daddr`, 8), v4),
      ADDRESSES,
    ),
    rport: swapped(member(sock, `${common}.skc_dport`)),
    // The number in the socket's other half is gone by the time the connection closes.
    lport: swapped(member(cast(sock, 'inet_sock'), 'inet_sport')),
  } as const;
}

/** True when the state is one of these. */
export function isState(state: Expression, ...names: (keyof typeof STATE)[]): Expression {
  return any(...names.map((name) => equal(state, STATE[name])));
}
