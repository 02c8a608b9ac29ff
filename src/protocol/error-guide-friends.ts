/** The part of the guide about what users are to each other. */
import type { Guide } from './error-guide.ts'
import type { ErrorName } from './errors.ts'

const section = 'Users and friends'

export const friendGuide = {
  FRIENDS_OFF: {
    section,
    when: 'An operation of `/v1/friend/` in an app that has no friends.',
    todo: 'Administrator: `torii app set APPID --friends friend`, or `follow`.',
  },
  REQUEST_UNKNOWN: {
    section,
    when: 'No request of this user waits: there was none, it is over, or it was answered already.',
    todo: 'Read the list of requests again.',
  },
  FRIEND_SELF: {
    section,
    when: 'The number is that of the caller.',
    todo: 'Name another user.',
  },
  REQUESTS_CLOSED: {
    section,
    when: 'The user takes no friend requests (`mode` is `nobody`), or lets no one follow.',
    todo: 'Tell the user so.',
  },
  ANSWER_NEEDED: {
    section,
    when: 'The user asks a question before becoming a friend. `question` has it.',
    todo: 'Repeat the request with `answer`.',
  },
  ANSWER_WRONG: {
    section,
    when: 'The answer was judged, and is wrong. `triesLeft` says how many are left.',
    todo: 'Ask for another answer.',
  },
  ANSWER_TRIES: {
    section,
    when: 'The caller has answered the question 5 times.',
    todo: 'Wait until `until` (unix seconds), or until the user asks another question.',
  },
  REFUSED_BEFORE: {
    section,
    when: 'The user has refused a request of the caller lately, or the caller had blocked the user while asking.',
    todo: 'Ask again after `until` (unix seconds).',
  },
  TOO_MANY_RELATIONS: {
    section,
    when: 'A bound of `friends` in the configuration is reached. `info` says of what: `following`, `friends`, `friends of the other user`, `requests`, `blocked`.',
    todo: 'End one of them first. `requests`: wait until one is answered.',
  },
  RELATION_UNKNOWN: {
    section,
    when: 'A remark or permissions for a user who is no friend of the caller, and whom the caller does not follow; also where there is no such user.',
    todo: 'Follow the user or become friends first.',
  },
  BLOCKED_BY_YOU: {
    section,
    when: 'The caller asks or follows a user whom the caller has blocked.',
    todo: 'Take the block back first (`/v1/friend/unblock`).',
  },
} as const satisfies Partial<Record<ErrorName, Guide>>
