import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { Type } from '../../protocol/schema.ts'

const token = Type.Optional(Type.String({ maxLength: 256, description: 'The SKey' }))
const id = '[0-9a-f]{32}'
const seconds = (description: string) => Type.Integer({ description: `${description}, unix seconds` })

const Device = Type.Object({
  id: Type.String({ description: 'Of the login' }),
  app: Type.String({ description: 'Name of the app' }),
  type: Type.String(),
  os: Type.String(),
  osver: Type.String(),
  device: Type.String({ description: 'Its name: as the user calls it, or as it calls itself' }),
  network: Type.String({ description: 'Where the login came from: the network of the address' }),
  authenticatedAt: seconds('When the user logged in there'),
  lastSeenAt: seconds('When it was used last, within an hour'),
  expiresAt: seconds('When the user has to log in again'),
  isThis: Type.Boolean({ description: 'The device that asks' }),
})

export const listShape = {
  path: '/v1/device/list',
  aliases: [],
  summary: 'The devices that the user is logged in on',
  limit: 'devices',
  replay: 'read',
  tiers: ['skey'],
  input: Type.Object({ token }),
  reply: Type.Object({ devices: Type.Array(Device) }),
} as const satisfies OperationShape

export type DeviceListReply = Static<typeof listShape.reply>

export const renameShape = {
  path: '/v1/device/rename',
  aliases: [],
  summary: 'Gives a device of the user another name',
  limit: 'devices',
  replay: 'once',
  tiers: ['skey'],
  input: Type.Object({
    token,
    rename: Type.String({ pattern: `^${id}$`, description: 'id, from the list' }),
    name: Type.Text(64, { words: 'refuse' }),
  }),
  reply: Type.Object({ device: Type.String({ description: 'The name as it is kept' }) }),
} as const satisfies OperationShape

export type RenameInput = Static<typeof renameShape.input>

export const revokeShape = {
  path: '/v1/device/revoke',
  aliases: [],
  summary: 'Logs the user out on another device, or on all others; asks for a fresh login',
  limit: 'devices',
  replay: 'once',
  tiers: ['skey'],
  // By default: it is the setting password.freshSeconds.
  maxAuthAgeSeconds: 300,
  input: Type.Object({
    token,
    // A name of its own: no bytes of another call may end a login.
    revoke: Type.String({ pattern: `^(others|${id})$`, description: 'id, from the list, or others' }),
  }),
  reply: Type.Object({ ended: Type.Integer({ description: 'So many logins ended' }) }),
} as const satisfies OperationShape

export type RevokeInput = Static<typeof revokeShape.input>
