import type { Static } from 'typebox'
import type { OperationShape } from '../../http/caller.ts'
import { listInput, longestCursor } from '../../protocol/lists.ts'
import { Type } from '../../protocol/schema.ts'

const token = Type.Optional(Type.String({ maxLength: 256, description: 'The SKey' }))
const number = (description: string) =>
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description })

/** Less than a step of the code of a device: the reply of a `t`/`j` call is sealed for this step or the next. */
export const longestWaitSeconds = 25

const Event = Type.Object({
  number: Type.Integer({ description: 'Its place in the list of the user, from 1 on' }),
  id: Type.String({ description: 'The same in a webhook' }),
  kind: Type.String({ description: 'One of the kinds of docs/features/events.md' }),
  at: Type.Integer({ description: 'Unix seconds' }),
  app: Type.Optional(Type.String({ description: 'Id of the app through which it happened' })),
  userId: Type.Optional(Type.String({ description: 'The other user that it tells of' })),
  detail: Type.Object({}, { additionalProperties: true, description: 'In the form of the kind' }),
})

const unread = Type.Integer({ description: 'Events behind the one that the user has read up to' })
const last = Type.Integer({ description: 'Number of the newest event; 0 without any' })

export const eventListShape = {
  path: '/v1/event/list',
  aliases: [],
  summary: 'The events of the user behind a position; waits for one if there is none yet',
  limit: 'events',
  replay: 'read',
  isStrict: true,
  tiers: ['skey'],
  input: Type.Object({
    token,
    cursor: Type.Optional(Type.String({ maxLength: longestCursor, description: 'From the reply before' })),
    since: Type.Optional(number('Instead of a cursor: the number of the last event that is known')),
    limit: listInput.limit,
    waitSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: longestWaitSeconds,
        description: 'Without an event the reply waits for one, so long at most',
      }),
    ),
  }),
  reply: Type.Object({
    events: Type.Array(Event, { description: 'Oldest first' }),
    cursor: Type.String({ description: 'Behind the last of these events' }),
    last,
    unread,
    missed: Type.Optional(
      Type.Integer({ description: 'So many events behind the position have left the list unread' }),
    ),
  }),
} as const satisfies OperationShape

export type EventListInput = Static<typeof eventListShape.input>
export type EventListReply = Static<typeof eventListShape.reply>

export const eventReadShape = {
  path: '/v1/event/read',
  aliases: [],
  summary: 'Marks the events of the user as read, up to a number',
  limit: 'events',
  replay: 'once',
  isStrict: true,
  tiers: ['skey'],
  input: Type.Object({
    token,
    // A name of its own: no bytes of another call may mark events.
    readUpTo: number('Number of the last event that the user has seen'),
  }),
  reply: Type.Object({ last, unread }),
} as const satisfies OperationShape

export type EventReadInput = Static<typeof eventReadShape.input>
