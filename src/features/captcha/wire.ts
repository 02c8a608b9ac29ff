import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'

export const purposes = ['register', 'login', 'code'] as const
export type Purpose = (typeof purposes)[number]
export const kinds = ['work', 'picture'] as const
export type CaptchaKind = (typeof kinds)[number]

/** ALTCHA's first wire form: its widgets solve it. */
export const WorkChallenge = Type.Object({
  algorithm: Type.String({ description: 'SHA-256' }),
  challenge: Type.String({ description: 'Hex of the hash of salt and number' }),
  maxnumber: Type.Integer(),
  salt: Type.String(),
  signature: Type.String(),
})

export const Challenge = Type.Object({
  captchaId: Type.String(),
  kind: Type.String({ description: 'work, picture' }),
  purpose: Type.String(),
  expiresIn: Type.Integer({ description: 'Seconds' }),
  picture: Type.Optional(Type.String({ description: 'SVG' })),
  challenge: Type.Optional(WorkChallenge),
})

export type ChallengeReply = Static<typeof Challenge>

/** The member `captcha` of the operations that may ask for one. */
export const Answer = Type.Object({
  captchaId: Type.Optional(Type.Text(64)),
  answer: Type.Optional(Type.Text(2_000, { description: 'The letters, or for work the payload of ALTCHA' })),
})

export type CaptchaAnswer = Static<typeof Answer>

export const captchaShape = {
  path: '/v1/captcha',
  aliases: [],
  summary: 'A captcha for another operation: a picture, or work for the device',
  limit: 'captcha',
  replay: 'read',
  input: Type.Object({
    purpose: Type.Unsafe<Purpose>({ type: 'string', enum: purposes }),
    kind: Type.Optional(Type.Unsafe<CaptchaKind>({ type: 'string', enum: kinds })),
    theme: Type.Optional(Type.Unsafe<'light' | 'dark'>({ type: 'string', enum: ['light', 'dark'] })),
  }),
  reply: Challenge,
} as const satisfies OperationShape
