/*
 * A bare amqplib consumer: the throughput of the broker's client alone, to compare the aggregator with.
 * In: a broker, instrumentations. Out: a call for each message, with nothing but its length.
 */
import { connect } from 'amqplib';
import { routes } from '../../common/wire/route';

export async function consumeBare(
  url: string,
  prefix: string,
  fqids: readonly string[],
  onMessage: (bytes: number) => void,
): Promise<{ close(): Promise<void> }> {
  const connection = await connect(url, { noDelay: true });
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true, durable: false, autoDelete: true });
  const { exchanges, instrumentation } = routes(prefix);
  await channel.assertExchange(exchanges.values, 'direct', { durable: false });
  for (const fqid of fqids) await channel.bindQueue(queue, exchanges.values, instrumentation(fqid));
  await channel.consume(
    queue,
    (message) => {
      if (message !== null) onMessage(message.content.length);
    },
    { noAck: true, exclusive: true },
  );
  return { close: () => connection.close() };
}
