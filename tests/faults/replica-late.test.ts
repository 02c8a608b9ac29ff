/** What was ended stays ended, though the replica learns of it ten seconds later. */
import { join } from 'node:path'
import t from 'tap'
import { startPrimaryAndReplica, waitForReplica } from '../../tools/test/harness.ts'
import { createJsonCaller, inLoops } from '../harness/callers.ts'
import { codes } from '../harness/codes.ts'
import { createDice, randomName } from '../harness/devices.ts'
import { openShared, spawnServer, testServers } from '../harness/test-server.ts'
import { openConnection } from '../races/fleet.ts'
import { watchMachine } from './control.ts'
import { acceptedAfterEnd, countReplies, createHistory, type Entry, takeSeed } from './history.ts'
import { logIn, register } from './people.ts'

t.setTimeout(120_000)
const dice = createDice(takeSeed(t))
const usesAfter = 1_000
const usersOfKind = 20
const [ended, valid, exchanged] = [codes.LOGGED_OUT, codes.TICKET_VALID, codes.OK]

const { primary, replica } = await startPrimaryAndReplica({ folder: testServers().folder })
t.teardown(() => Promise.all([primary.stop(), replica.stop()]))
const shared = await openShared({}, { primary, replicas: [replica] })
const servers = await Promise.all([spawnServer(shared.environment), spawnServer(shared.environment)])
const caller = createJsonCaller({ app: shared.app })
const history = createHistory(join(shared.folder, 'ends.jsonl'))
t.teardown(async () => {
  caller.close()
  await Promise.all(servers.map((server) => server.stop()))
  await shared.close()
})

const pick = <T>(list: readonly T[]): T => list[Math.floor(dice() * list.length)] as T
const pickUrl = () => pick(servers).url

type Tickets = { a2: string; skey: string }
const kinds = ['logout', 'everywhere', 'disable'] as const
type User = { kind: (typeof kinds)[number]; name: string; tickets: Tickets; old: string[] }

const createUser = async (kind: User['kind']): Promise<User> => {
  const name = randomName(kind)
  const first = (await register(caller, pickUrl(), name)).json.tickets as Tickets
  const second = (await logIn(caller, pickUrl(), name)).json.tickets as Tickets
  // A logout leaves the other login alone.
  const old = [first, ...(kind === 'logout' ? [] : [second])].flatMap(({ a2, skey }) => [a2, skey])
  return { kind, name, tickets: first, old }
}

const end = ({ kind, name, tickets }: User) => {
  const url = pickUrl()
  const what = { process: url, operation: kind, input: name }
  return history.call(what, async () => {
    const token = pick([tickets.a2, tickets.skey])
    if (kind !== 'disable')
      return caller.call(url, '/v1/logout', { token, everywhere: kind === 'everywhere' })
    await shared.admin.accounts.disable(name, 'test')
    return { code: ended }
  })
}

/** A session check; of what has ended also an exchange, which would rotate what has not. */
const use = (user: User, hasEnded: boolean) => {
  const token = pick(user.old)
  const isExchange = hasEnded && token.startsWith('a2_') && dice() < 0.3
  const url = pickUrl()
  const [operation, path] = isExchange ? ['exchange', '/v1/ticket/exchange'] : ['session', '/v1/session']
  return history.call({ process: url, operation, input: user.name }, () =>
    caller.call(url, path, { token, ...(isExchange && { to: 'skey' }) }),
  )
}

t.test('with the replica 10 s late no old ticket is accepted after the acknowledgement', async (t) => {
  const users = await Promise.all(
    kinds.flatMap((kind) => Array.from({ length: usersOfKind }, () => createUser(kind))),
  )
  await waitForReplica(primary, replica)
  await replica.asRoot('STOP SLAVE')
  await replica.asRoot('CHANGE MASTER TO MASTER_DELAY=10')
  await replica.asRoot('START SLAVE')

  const machine = await watchMachine(t)
  const endedUsers = new Set<User>()
  const after = { logout: 0, everywhere: 0, disable: 0 }
  const isDone = () => kinds.every((kind) => after[kind] >= usesAfter)
  const loops = inLoops(20, async () => {
    const user = pick(users)
    const hasEnded = endedUsers.has(user)
    await use(user, hasEnded)
    if (hasEnded) after[user.kind]++
    return !isDone()
  })
  const ends = inLoops(users.length, async (index) => {
    await new Promise((resolve) => setTimeout(resolve, 200 + dice() * 2_000))
    const user = users[index] as User
    await end(user)
    endedUsers.add(user)
    return false
  })
  const countAlive = async (login: typeof primary) => {
    const connection = await openConnection(t, shared.database, login)
    const [rows] = await connection.query('SELECT COUNT(*) AS count FROM logins WHERE ended_at IS NULL')
    return Number((rows as { count: number }[])[0]?.count)
  }
  await ends
  const [alive, believed] = [await countAlive(primary), await countAlive(replica)]
  await loops

  const entries = history.read()
  const isOf = (kind: string) => (entry: Entry) => entry.input.startsWith(`${kind}_`)
  const accepted = [valid, exchanged]
  for (const kind of kinds) {
    const mine = entries.filter(isOf(kind))
    const wrong = users.flatMap(({ name }) => {
      const ofUser = mine.filter(({ input }) => input === name)
      const time = ofUser.find(({ reply }) => reply === ended)?.time ?? 0
      const graceMs = kind === 'disable' ? 1_000 + machine.excuseMs({ time, tookMs: 1_000 }) : 0
      return acceptedAfterEnd(ofUser, { ended, accepted, graceMs })
    })
    const uses = mine.filter(({ operation }) => operation !== kind)
    t.comment(
      `${kind}: ${after[kind]} uses afterwards, accepted ${wrong.length}; all ${JSON.stringify(countReplies(uses))}`,
    )
    t.equal(mine.filter(({ reply }) => reply === ended).length, usersOfKind)
    t.ok(
      uses.some(({ reply }) => reply === valid),
      'before it they were accepted',
    )
    t.strictSame(wrong.slice(0, 3), [])
  }
  t.ok(believed > alive, `the replica has ${believed} logins that go on, the primary ${alive}`)
})
