import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { listInput, listReply } from '../../protocol/lists.ts'
import { Type } from '../../protocol/schema.ts'

const seconds = (description: string) => Type.Integer({ description: `${description}, unix seconds` })

const Login = Type.Object({
  id: Type.String({ description: 'As /v1/device/list has it' }),
  type: Type.String(),
  os: Type.String(),
  osver: Type.String(),
  device: Type.String({ description: 'Its name: as the user calls it, or as it calls itself' }),
  lastSeenAt: seconds('When it was used last, within an hour'),
  endedAt: Type.Optional(seconds('When it ended')),
  endReason: Type.Optional(Type.String({ description: 'Why, as NOT_LOGGED_IN tells it' })),
  isThis: Type.Boolean({ description: 'The login that asks' }),
})

const Entry = Type.Object({
  kind: Type.String({ description: 'login, or one of the kinds of docs/features/history.md' }),
  at: seconds('When it happened'),
  app: Type.Optional(Type.String({ description: 'Name of the app' })),
  network: Type.Optional(
    Type.String({ description: 'Where the call came from: the network of the address' }),
  ),
  by: Type.Optional(Type.String({ description: 'Of a change: user, administrator or server' })),
  login: Type.Optional(Login),
  detail: Type.Optional(
    Type.Object({}, { additionalProperties: true, description: 'Of a change, in the form of its kind' }),
  ),
})

const Place = Type.Object({
  network: Type.Optional(Type.String({ description: 'Absent for a device that has logged in before' })),
  isKnownDevice: Type.Boolean({ description: 'A device that has logged in to this account before' }),
  count: Type.Integer({ description: 'Failed logins from there, five at most: 5 means five or more' }),
  lastAt: seconds('The last one'),
})

export const historyShape = {
  path: '/v1/user/history',
  aliases: [],
  summary: "The user's own sign-ins and changes of the account, the newest first",
  limit: 'userHistory',
  replay: 'read',
  isStrict: true,
  tiers: ['skey'],
  input: Type.Object({
    token: Type.Optional(Type.String({ maxLength: 256, description: 'The SKey' })),
    ...listInput,
  }),
  reply: Type.Object({
    history: Type.Array(Entry),
    ...listReply,
    failures: Type.Optional(
      Type.Object(
        {
          places: Type.Array(Place, { description: 'The newest failure first' }),
          hasMore: Type.Boolean({ description: 'True: there are more places than were read' }),
        },
        { description: 'Failed logins of the last day; only without a cursor' },
      ),
    ),
  }),
} as const satisfies OperationShape

export type HistoryInput = Static<typeof historyShape.input>
export type HistoryReply = Static<typeof historyShape.reply>
