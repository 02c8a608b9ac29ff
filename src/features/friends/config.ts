import { limit, table, whole } from '../../config/fields.ts'

export const friends = {
  mostFollowing: whole(5_000, 1, 1_000_000, 'Most users that one user follows'),
  mostFriends: whole(5_000, 1, 1_000_000, 'Most friends of a user'),
  mostBlocked: whole(2_000, 1, 1_000_000, 'Most users that one user has blocked'),
  mostSent: whole(200, 1, 10_000, 'Most friend requests of a user that wait for an answer'),
  mostReceived: whole(
    500,
    10,
    10_000,
    'Most friend requests that wait for one user; then the oldest from the network with the most of them gives way',
  ),
  mostReceivedOfApp: whole(
    250,
    5,
    10_000,
    'Most of them that came through one app; then one of that app gives way',
  ),
  asksPerDay: whole(200, 1, 100_000, 'How often a user may ask or follow others in a day (UTC)'),
  eventsPerDay: whole(
    300,
    1,
    1_000,
    'Events that other users cause in the list of one user in a day (UTC), by asking, following and ending it; further ones are not told',
  ),
  requestDays: whole(30, 1, 365, 'A friend request without an answer is gone after so many days'),
  askAgainDays: whole(30, 1, 365, 'After a refusal the sender may ask again after so many days'),
  answersPerDay: whole(
    50,
    1,
    10_000,
    'Answers to the question of one user that are judged in a day (UTC); further ones wait for consent',
  ),
}

export const limits = {
  friend: limit(60, 60),
  friendLists: limit(60, 120),
  friendCheck: limit(10, 10_000),
}

export const tables = {
  relations: table('relations'),
  blocks: table('blocks'),
  friendRequests: table('friend_requests'),
  friendCounts: table('friend_counts'),
  friendSettings: table('friend_settings'),
  friendAnswers: table('friend_answers'),
}
