/* The body of every answer whose status is 400 or above. */
import { Type } from '../model/schema';
import { Text, type Shape } from './shape';

export const ERROR = Type.Object({
  error: Type.Object({ code: Text, message: Text, field: Type.Optional(Text) }),
});
export type ErrorAnswer = Shape<typeof ERROR>;
