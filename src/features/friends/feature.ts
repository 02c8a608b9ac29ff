/** Friends: who follows whom, who is whose friend, who has blocked whom, and what users ask of each other. */
import type { Apps } from '../apps/api.ts'
import type { RecordEvent } from '../events/api.ts'
import { type AdminWorld, feature, operation, type World } from '../feature.ts'
import type { Standing } from '../standing/api.ts'
import type { Users } from '../users/api.ts'
import { createBefriend } from './acts/befriend.ts'
import { createBlock } from './acts/block.ts'
import { createFollow } from './acts/follow.ts'
import { createPairs, type RelationReply } from './acts/pair.ts'
import { createRemove } from './acts/remove.ts'
import type { Relations } from './api.ts'
import { relations as relationsApi } from './between.ts'
import { createCheck } from './check/check.ts'
import { createLists } from './lists/lists.ts'
import { createPersonal } from './personal/personal.ts'
import { createAnswerHash } from './questions/answer-hash.ts'
import { createQuestion, triesKeptMs } from './questions/question.ts'
import { removeOldTries } from './questions/repo.ts'
import { createSettings } from './questions/settings.ts'
import { createRecount } from './recount/recount.ts'
import { createAsk } from './requests/ask.ts'
import { createDecide } from './requests/decide.ts'
import { removeExpiredRequests } from './requests/repo.ts'
import { createSet } from './set.ts'
import {
  acceptShape,
  blockShape,
  checkShape,
  ignoreShape,
  listShape,
  refuseShape,
  removeShape,
  requestShape,
  requestsShape,
  setShape,
  settingsShape,
  unblockShape,
} from './wire.ts'

export const relations = feature({
  create: ({ db }: AdminWorld) => ({
    api: { ...relationsApi, recount: createRecount({ db }) },
    personal: createPersonal({ db }),
    retention: [
      { name: 'friend requests', keptMs: 0, remove: removeExpiredRequests },
      { name: 'answers to questions', keptMs: triesKeptMs, remove: removeOldTries },
    ],
  }),
})

export type FriendsNeeds = { standing: Standing; recordEvent: RecordEvent }

const done = async (relation: Promise<RelationReply>) => ({ code: 'OK' as const, relation: await relation })

/** What users do with each other. */
export const friends = feature({
  create: ({ db, clock, random, crypto, sealer, slowDown, config }: World, needs: FriendsNeeds) => {
    const limits = config.friends
    const pairs = createPairs({ ...needs, db, clock, limits })
    const befriend = createBefriend({ limits }, pairs)
    const follow = createFollow({ limits }, pairs)
    const hash = createAnswerHash({ crypto, random, sealer, slowDown })
    const asks = createAsk({ limits }, pairs, befriend)
    const askFriend = createQuestion({ limits, pairs, asks, befriend, hash })
    const decide = createDecide({ limits }, pairs, befriend)
    const remove = createRemove(pairs)
    const { block, unblock } = createBlock({ ...needs, db, clock, limits }, pairs)
    const settings = createSettings({ db, clock, hash })
    return {
      api: {},
      operations: [
        operation(requestShape)(async ({ requestTo, message = '', answer }, caller) => {
          const they = Number(requestTo)
          if (caller.app.friends === 'follow')
            return done(pairs.withPair(caller, they, { needsCapability: true }, follow))
          return done(askFriend(caller, they, { message, site: caller.address.site }, answer))
        }),
        operation(acceptShape)(async ({ acceptFrom }, caller) =>
          done(decide.accept(caller, Number(acceptFrom))),
        ),
        operation(refuseShape)(async ({ refuseFrom }, caller) =>
          done(decide.refuse(caller, Number(refuseFrom))),
        ),
        operation(ignoreShape)(async ({ ignoreFrom }, caller) =>
          done(decide.ignore(caller, Number(ignoreFrom))),
        ),
        operation(removeShape)(async ({ removeUser, relation }, caller) =>
          done(remove(caller, Number(removeUser), relation)),
        ),
        operation(blockShape)(async ({ blockUser }, caller) => done(block(caller, Number(blockUser)))),
        operation(unblockShape)(async ({ unblockUser }, caller) =>
          done(unblock(caller, Number(unblockUser))),
        ),
        operation(settingsShape)(async ({ friendSettings }, caller) => ({
          code: 'OK',
          ...(await settings(caller, friendSettings)),
        })),
      ],
    }
  },
})

export type FriendListsNeeds = {
  relations: Pick<Relations, 'findBetween'>
  users: Pick<Users, 'findShown'>
  apps: Pick<Apps, 'find'>
}

/** What users and backends read of relations, and what users say of each other for themselves. */
export const friendLists = feature({
  create: ({ db, clock, store, cursors, config }: World, { relations, users, apps }: FriendListsNeeds) => {
    const { list, listRequests } = createLists({ db, clock, cursors, relations, users })
    const set = createSet({ db, relations })
    const check = createCheck({ db, clock, store, limit: config.limits.friendCheck, apps })
    return {
      api: {},
      operations: [
        operation(listShape)(async (input, caller) => ({ code: 'OK', ...(await list(input, caller)) })),
        operation(requestsShape)(async (input, caller) => ({
          code: 'OK',
          ...(await listRequests(input, caller)),
        })),
        operation(setShape)(async (input, caller) => ({ code: 'OK', ...(await set(input, caller)) })),
        operation(checkShape)(async (input, caller) => ({ code: 'OK', users: await check(input, caller) })),
      ],
    }
  },
})
