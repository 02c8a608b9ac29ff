import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'
import { Code, device, Flow, proof, Welcome } from '../accounts/wire.ts'
import { Answer } from '../captcha/wire.ts'

export const purposes = [
  'register',
  'login',
  'reset',
  'recover',
  'change-email',
  'change-phone',
  'confirm',
] as const
/** What a code is for. It works for nothing else. */
export type Purpose = (typeof purposes)[number]

export const sendShape = {
  path: '/v1/code/send',
  aliases: [],
  summary: 'Sends a code to an address, or another one for a flow',
  limit: 'code',
  replay: 'once',
  input: Type.Object({
    purpose: Type.Optional(
      Type.Unsafe<Purpose>({
        type: 'string',
        enum: purposes,
        description: 'What the code is for; without flow',
      }),
    ),
    address: Type.Optional(Type.Text(320, { description: 'E-mail address or phone number; without flow' })),
    kind: Type.Optional(
      Type.Unsafe<'email' | 'phone'>({
        type: 'string',
        enum: ['email', 'phone'],
        description: 'What the address is',
      }),
    ),
    flow: Type.Optional(Flow),
    captcha: Type.Optional(Answer),
  }),
  reply: Type.Object({
    flow: Flow,
    kind: Type.String({ description: 'email, phone' }),
    resendSeconds: Type.Integer({ description: 'When the next code can be sent' }),
    expiresSeconds: Type.Integer({ description: 'How long the code works' }),
  }),
} as const satisfies OperationShape

export type SendInput = Static<typeof sendShape.input>

export const verifyShape = {
  path: '/v1/verify',
  aliases: [],
  summary: 'Gives the code of a flow, and does what it was sent for',
  limit: 'verify',
  replay: 'once',
  remember: true,
  input: Type.Object({ flow: Flow, code: Code, device, ...proof }),
  reply: Type.Object({
    result: Type.Optional(Welcome.properties.result),
    status: Type.Optional(Welcome.properties.status),
    params: Type.Optional(Welcome.properties.params),
    user: Type.Optional(Welcome.properties.user),
    users: Type.Optional(Welcome.properties.users),
    tickets: Type.Optional(Welcome.properties.tickets),
  }),
} as const satisfies OperationShape

export type VerifyInput = Static<typeof verifyShape.input>
export type VerifyReply = Static<typeof verifyShape.reply>
