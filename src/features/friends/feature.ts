/** Friends: who follows whom, who is whose friend, who has blocked whom, and what users ask of each other. */
import type { RecordEvent } from '../events/api.ts'
import { type AdminWorld, feature, operation, type World } from '../feature.ts'
import type { Standing } from '../standing/api.ts'
import { createBefriend } from './acts/befriend.ts'
import { createBlock } from './acts/block.ts'
import { createFollow } from './acts/follow.ts'
import { createPairs, type RelationReply } from './acts/pair.ts'
import { createRemove } from './acts/remove.ts'
import { relations as relationsApi } from './between.ts'
import { createAnswerHash } from './questions/answer-hash.ts'
import { createQuestion, triesKeptMs } from './questions/question.ts'
import { removeOldTries } from './questions/repo.ts'
import { createSettings } from './questions/settings.ts'
import { createAsk } from './requests/ask.ts'
import { createDecide } from './requests/decide.ts'
import { removeExpiredRequests } from './requests/repo.ts'
import {
  acceptShape,
  blockShape,
  ignoreShape,
  refuseShape,
  removeShape,
  requestShape,
  settingsShape,
  unblockShape,
} from './wire.ts'

export const relations = feature({
  create: (_world: AdminWorld) => ({
    api: relationsApi,
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
