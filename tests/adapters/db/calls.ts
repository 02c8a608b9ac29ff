/** What the queries test can't guess: arguments of functions of repos, and what may read a whole table. */
import { isHeldUp } from '../../../src/features/accounts/failures/repo.ts'
import { listNames, requestLists } from '../../../src/protocol/friend-lists.ts'
import type { Engine } from './databases.ts'
import type { Calls } from './queries.ts'
import { createSample } from './samples.ts'

const guard = {
  failureKey: Buffer.from('10042'),
  place: '10042',
  pausedAfter: 1,
  streakMost: 1,
  streakAfter: 1,
  countedAfter: 1,
  waited1: 1,
  waited2: 1,
  waited3: 1,
  waited4: 1,
  waited5: 1,
}

const login = { loginId: Buffer.from('10042'), userId: 10_042, epoch: 1 }

/** Arguments beside the database, of functions that do not take samples; each list is one call. */
export const createCalls = (engine: Engine): Calls => ({
  // Part of other queries.
  'accounts/failures/repo isHeldUp': [],
  'events/repo findSeen': [[[10_042, 10_043]]],
  'friends/lists/repo findListed': listNames.map((list) => [list, 10_042, { at: 10_042, id: 10_042 }, 20]),
  'friends/lists/repo findRequests': requestLists.map((list) => [
    list,
    10_042,
    { at: 10_042, id: 10_042, nowMs: 10_042, most: 20 },
  ]),
  'friends/acts/repo findPair': [[engine, 10_042, 10_043]],
  'friends/acts/repo changeCounts': [[[{ userId: 10_042, change: { friends: 1 } }]]],
  'exports/repo insertExport': [
    [
      { userId: 10_042, parts: 0 },
      { maxWaiting: 1, maxBytesInAll: 1 },
    ],
  ],
  'tickets/of-user/repo createUpdateProof': [
    [isHeldUp, createSample()],
    [isHeldUp, createSample(), guard],
  ],
  'tickets/repo createInsertGuardedLogin': [[isHeldUp, engine, login, guard]],
  'words/repo createWordTables': [[engine]],
})

/** Tables, by their names in a database, of which all rows may be read, and why they stay small. */
export const smallTables: Record<string, string> = {
  apps: 'made by administrators',
  bans: 'made by administrators',
  businesses: 'made by administrators',
  settings: 'one row a name',
  webhooks: 'made by administrators',
  word_lists: 'one row a list',
}

/** Queries that may read or sort all that they ask for, and why that stays little or is meant. */
export const allowed: Record<string, string> = {
  'accounts/leaving/repo collectVerifiers': 'the names, numbers and addresses of one account: four at most',
  'accounts/credentials/repo findCredentials':
    'the names, numbers and addresses of one account: four at most',
  'addresses/repo findLaterChanges': 'the changes of one account within the time of an undo',
  'friends/requests/repo countReceived': 'the requests that wait for one user: `friends.mostReceived`',
  'exports/repo insertExport': 'exports and their number are bounded by settings; by an index alone',
  'tickets/of-user/repo findLiveLogins': 'the live logins of one account: `tickets.loginsPerUser`',
  'tickets/repo findKeysOfUser': 'the live logins of one account: `tickets.loginsPerUser`',
  'webhooks/deliveries/repo countDeliveries':
    'what waits and what is dead is bounded by settings; by an index alone',
  'words/repo findHits': 'a row an hour and list',
}
