/** The kinds of events, and what the detail of each tells. It never holds a secret, nor what the user must not learn. */
import type { Static, TObject } from 'typebox'
import { Type } from './schema.ts'

const none = Type.Object({})
const capability = Type.Optional(Type.String({ description: 'Only this; absent: the whole account' }))
const seconds = (description: string) => Type.Integer({ description: `${description} (Unix seconds)` })

export const eventKinds = {
  'user.registered': none,
  'user.changed': Type.Object({
    members: Type.Array(Type.String(), { description: 'What has changed, by name and without its value' }),
  }),
  'user.disabled': Type.Object({
    capability,
    until: Type.Optional(seconds('Absent: for good')),
    reason: Type.Optional(Type.String({ description: 'As the administrator put it for the user' })),
  }),
  'user.enabled': Type.Object({ capability }),
  'user.leaving': Type.Object({ finalAt: seconds('When the account is erased') }),
  'user.recovered': none,
  'user.deleted': none,
  'login.new-device': Type.Object({
    login: Type.String({ description: 'Id of the login' }),
    device: Type.String({ description: 'Name of the device, as it said' }),
    deviceType: Type.String(),
  }),
  'login.ended': Type.Object({
    login: Type.Optional(Type.String({ description: 'Id of the login that ended' })),
    logins: Type.Optional(
      Type.Array(Type.String(), { description: 'Ids, where several logins ended at once' }),
    ),
    everywhere: Type.Optional(Type.Boolean({ description: 'All logins of the user ended' })),
    reason: Type.String({ description: '`logged-out`, `replaced`, …' }),
  }),
  'friend.requested': none,
  'friend.accepted': none,
  'friend.removed': none,
  'friend.followed': none,
  'friend.blocked': none,
} as const satisfies Record<string, TObject>

export type EventKind = keyof typeof eventKinds
export type EventDetail<Kind extends EventKind> = Static<(typeof eventKinds)[Kind]>
export const eventKindNames = Object.keys(eventKinds) as EventKind[]
