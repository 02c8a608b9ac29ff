import type { OperationShape } from '../../http/caller.ts'
import type { JsonValue } from '../../protocol/json.ts'
import { Type } from '../../protocol/schema.ts'
import { frameInput, frameReply } from '../key-exchange/wire.ts'
import { Tickets } from '../tickets/wire.ts'

const anything = Type.Optional(Type.Unsafe<JsonValue>({}))

const UserOpRet = Type.Object({
  operation: Type.Unsafe<string | number>({ type: ['string', 'integer'] }),
  result: Type.String(),
  status: Type.String({ description: 'waitcode, loginok, needlogin, ok or logout' }),
  users: Type.Array(Type.Object({}, { additionalProperties: true })),
  params: Type.Object({}, { additionalProperties: true }),
})

export const userOpShape = {
  path: '/v1/user-op',
  aliases: [],
  summary: 'The user operations of the old chat protocol, as frames',
  limit: 'userOp',
  replay: 'read',
  frame: 'userOp',
  isCostly: true,
  input: Type.Object({ ...frameInput, userOp: anything, plainMsg: anything }),
  reply: Type.Object({
    ...frameReply,
    userOpRet: Type.Optional(UserOpRet),
    plainMsg: Type.Optional(Type.Object({ userOpRet: UserOpRet })),
    tickets: Type.Optional(Tickets),
  }),
} as const satisfies OperationShape

const FriendOpRet = Type.Object({
  operation: Type.Unsafe<string | number>({ type: ['string', 'integer'] }),
  result: Type.String({ description: 'ok, question or reject' }),
  user: Type.Object({}, { additionalProperties: true }),
  users: Type.Array(Type.Object({}, { additionalProperties: true })),
  sendId: Type.Optional(Type.String()),
  msgId: Type.Optional(Type.String()),
  params: Type.Object({}, { additionalProperties: true }),
})

export const friendOpShape = {
  path: '/v1/friend-op',
  aliases: [],
  summary: 'The friend operations of the old chat protocol, as frames',
  limit: 'userOp',
  replay: 'read',
  frame: 'friendOp',
  isCostly: true,
  input: Type.Object({ ...frameInput, friendOp: anything, friendOpRet: anything, plainMsg: anything }),
  reply: Type.Object({
    ...frameReply,
    friendOpRet: Type.Optional(FriendOpRet),
    plainMsg: Type.Optional(Type.Object({ friendOpRet: FriendOpRet })),
  }),
} as const satisfies OperationShape
