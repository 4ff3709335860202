/*
 * A bare amqplib consumer: what the broker's client alone can take, to compare the aggregator with.
 * In: a broker, keys. Out: a call for each message, with nothing but its length.
 */
import { connect } from 'amqplib';
import { exchangeOf, VALUES_EXCHANGE } from '../../common/wire/route';

export async function consumeBare(
  url: string,
  keys: readonly string[],
  onMessage: (bytes: number) => void,
): Promise<{ close(): Promise<void> }> {
  const connection = await connect(url, { noDelay: true });
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true, durable: false, autoDelete: true });
  await channel.assertExchange(VALUES_EXCHANGE, 'direct', { durable: false });
  for (const key of keys) await channel.bindQueue(queue, exchangeOf(key), key);
  await channel.consume(
    queue,
    (message) => {
      if (message !== null) onMessage(message.content.length);
    },
    { noAck: true, exclusive: true },
  );
  return { close: () => connection.close() };
}
