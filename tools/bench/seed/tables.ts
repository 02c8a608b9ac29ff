/** The rows of many users, as SQL: each is a copy of the row of a user who registered, with its own keys and times. */

/** Beside the number `n` of a user, from 1 on, which every expression may use. */
export type SeedSizes = { users: number; relations: number }

export type SeedTable = {
  table: string
  /** Rows to copy from, called `m`: those of the user who registered. Without it `values` has every column. */
  isCopied?: boolean
  /** From which come `n` and what else the values use. */
  from(sizes: SeedSizes): string
  values: Record<string, string>
}

/** Numbers of seeded users come behind those of users who registered. */
export const firstUser = 1_000_000
export const userName = (n: number) => `seed${n}`
export const loginsEach = 3
const eventsEach = 5

const user = `${firstUser} + n`
const name = "CONCAT('seed', n)"
/** Two letters are shared by one user in 256. */
export const nickPrefix = (n: number) => (n % 256).toString(16).padStart(2, '0')
const nick = "CONCAT(LOWER(LPAD(HEX(n % 256), 2, '0')), ' ', n)"
const users = ({ users }: SeedSizes) => `(SELECT seq AS n FROM seq_1_to_${users}) s`

/** The time of a login: within four fifths of its life, so that none of them leaves meanwhile. */
const age = 'FLOOR(CRC32(l) / 4294967296 * 0.8 * (m.expires_at - m.authenticated_at))'
const isEnded = 'l % 3 > 0'

const fewest = 4
const mostEach = 600
/** Between the numbers of those whom a user follows. */
const apart = 17
const hubs = 100
/** One hub has a third of all who follow hubs. */
const hub = `IF(CRC32(n + 7) % 3 = 0, 1, 2 + CRC32(n) % ${hubs - 1})`

/**
 * Whom a user follows: places 1, 2, 3 … lie to both sides of the own number, so that the first four are mutual; the fifth is
 * a hub. Four users in five follow few, one in five up to about fifty.
 */
const relations = ({ users, relations }: SeedSizes) => {
  const mean = relations / users
  const many = Math.max(fewest, Math.round(mean * 3))
  const few = Math.max(fewest, Math.round((mean - many / 5) / 0.8))
  const spread = (middle: number) => `${fewest} + CRC32(seq) % ${2 * (middle - fewest) + 1}`
  const beside = `1 + MOD(n - 1 + ${users * mostEach} + IF(k % 2 = 1, 1, -1) * ((k + 1) DIV 2) * ${apart}, ${users})`
  return `(SELECT n, k, IF(k = 5 AND n BETWEEN ${hubs + mostEach * apart} AND ${users - mostEach * apart}, ${hub}, ${beside}) AS o
    FROM (SELECT CAST(seq AS SIGNED) AS n, IF(seq % 5 = 0, ${spread(many)}, ${spread(few)}) AS most FROM seq_1_to_${users}) u
    JOIN (SELECT CAST(seq AS SIGNED) AS k FROM seq_1_to_${2 * many}) p ON k <= most) s`
}

/** Relations of a user at most, on average, so that no user comes twice. */
export const mostRelations = (users: number) => Math.min(100, users / 200)

const since = '1700000000000'

export const seedTables: readonly SeedTable[] = [
  {
    table: 'accounts',
    isCopied: true,
    from: users,
    values: { user_id: user, tag: 'UNHEX(LEFT(SHA1(n), 16))', unused_since: 'NULL' },
  },
  {
    table: 'users',
    isCopied: true,
    from: users,
    values: {
      user_id: user,
      user_name: name,
      nick_name: nick,
      nick_key: nick,
      skeleton: `UNHEX(SHA2(${name}, 256))`,
    },
  },
  {
    table: 'verifiers',
    isCopied: true,
    from: users,
    values: {
      login_key: `IF(m.salt_from IS NULL, CONCAT('name:', ${name}), CONCAT('number:', ${user}))`,
      user_id: user,
      salt_from: `IF(m.salt_from IS NULL, NULL, CONCAT('name:', ${name}))`,
    },
  },
  {
    table: 'logins',
    isCopied: true,
    from: ({ users }) =>
      `(SELECT seq AS l, (seq - 1) DIV ${loginsEach} + 1 AS n FROM seq_1_to_${users * loginsEach}) s`,
    values: {
      login_id: 'UNHEX(CONCAT(LEFT(SHA1(n), 16), LEFT(MD5(l), 16)))',
      user_id: user,
      device_id: "UNHEX(MD5(CONCAT('device', n)))",
      a2_handle: "UNHEX(MD5(CONCAT('handle', l)))",
      a2_hash: "UNHEX(SHA2(CONCAT('a2', l), 256))",
      authenticated_at: `m.authenticated_at - ${age}`,
      a2_rotated_at: `m.authenticated_at - ${age}`,
      expires_at: `m.expires_at - ${age}`,
      ended_at: `IF(${isEnded}, m.authenticated_at - ${age} + 60000, NULL)`,
      end_reason: `IF(${isEnded}, 'logged-out', NULL)`,
    },
  },
  {
    table: 'relations',
    from: relations,
    values: {
      user_id: user,
      other_id: `${firstUser} + o`,
      followed_at: `${since} + CRC32(CONCAT(n, ' ', o)) * 10`,
      mutual_at: `IF(k <= 4, ${since} + CRC32(n + o) * 10, NULL)`,
      friend_at: `IF(k <= 2, ${since} + CRC32(n + o) * 10, NULL)`,
    },
  },
  {
    table: 'event_lists',
    from: users,
    values: { user_id: user, last_number: String(eventsEach), read_number: '0' },
  },
  {
    table: 'user_events',
    from: ({ users }) =>
      `(SELECT (seq - 1) DIV ${eventsEach} + 1 AS n, (seq - 1) % ${eventsEach} + 1 AS number FROM seq_1_to_${users * eventsEach}) s`,
    values: {
      user_id: user,
      slot: 'number',
      number: 'number',
      event_id: "UNHEX(MD5(CONCAT(n, ' ', number)))",
      kind: "'friend.followed'",
      other_id: `${firstUser} + 1 + n % 100`,
      happened_at: 'UNIX_TIMESTAMP() * 1000 - 86400000 + number',
      detail: "'{}'",
    },
  },
]

/** Counted from the relations, as `torii friends recount` would. */
export const countsStatement = `INSERT INTO friend_counts (user_id, following, fans, mutual, friends)
  SELECT user_id, SUM(following), SUM(fans), SUM(mutual), SUM(friends) FROM (
    SELECT user_id, COUNT(followed_at) AS following, 0 AS fans, COUNT(mutual_at) AS mutual, COUNT(friend_at) AS friends
      FROM relations GROUP BY user_id
    UNION ALL SELECT other_id, 0, COUNT(followed_at), 0, 0 FROM relations GROUP BY other_id) c
  GROUP BY user_id`
