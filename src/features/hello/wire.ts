import type { OperationShape } from '../../http/caller.ts'
import type { JsonValue } from '../../protocol/json.ts'
import { Type } from '../../protocol/schema.ts'
import { frameInput, frameReply } from '../key-exchange/wire.ts'
import { Tickets, User } from '../tickets/wire.ts'

const anything = Type.Optional(Type.Unsafe<JsonValue>({}))

const Hello = Type.Object({
  stage: Type.String({ description: 'waitlogin, needlogin or waitdata' }),
  keyPrint: Type.String(),
  version: Type.String(),
  platform: Type.String(),
  params: Type.Object({}),
})

export const helloShape = {
  path: '/v1/hello',
  aliases: [],
  summary: 'Says hello, and with a shared key resumes the login that was made on it',
  limit: 'hello',
  replay: 'read',
  frame: 'hello',
  isCostly: true,
  input: Type.Object({ ...frameInput, hello: anything, plainMsg: anything }),
  reply: Type.Object({
    ...frameReply,
    hello: Type.Optional(Hello),
    plainMsg: Type.Optional(Type.Object({ hello: Hello })),
    user: Type.Optional(User),
    tickets: Type.Optional(Tickets),
  }),
} as const satisfies OperationShape
