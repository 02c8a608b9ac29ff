/** What runs in the page of the browser test: a round by the client, and what the page could do meanwhile. */
import {
  type ClientOptions,
  createBrowserStorage,
  createClient,
  isFailure,
  type KeyExchangeOptions,
} from '../../src/client/index.ts'

export type Round = {
  userId: string
  sessionOf: string
  sessionAfterReload: string
  wrongPassword: boolean
  ended: boolean
  /** Workers that were started, and how many of them answered. */
  workers: number
  workersAnswered: number
  /** The page's own timer of 10 ms, while one password was hashed. */
  ticks: number
  hashingMs: number
}

const storage = {
  get: async (key: string) => localStorage.getItem(key),
  set: async (key: string, value: string) => localStorage.setItem(key, value),
  remove: async (key: string) => localStorage.removeItem(key),
}

const countWorkers = () => {
  const counts = { started: 0, answered: 0 }
  window.Worker = class extends Worker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options)
      counts.started++
      this.addEventListener('message', () => counts.answered++)
    }
  }
  return counts
}

const runRound = async (options: ClientOptions, userName: string): Promise<Round> => {
  const workers = countWorkers()
  const client = createClient({ ...options, storage })
  const password = 'correct horse 🔑'
  const { user } = await client.register({ userName, password })

  let ticks = 0
  const timer = setInterval(() => ticks++, 10)
  const started = performance.now()
  await client.login({ login: userName, password })
  const hashingMs = performance.now() - started
  clearInterval(timer)

  const { greeting } = await client.echo({ greeting: '鳥居' })
  const session = await client.session()
  await client.exchange()
  const reloaded = await createClient({ ...options, storage }).session()
  const wrong = await client.login({ login: userName, password: 'wrong' }).catch((error: unknown) => error)
  await client.logout()
  const ended = await client.session().catch((error: unknown) => error)
  return {
    userId: user.userId,
    sessionOf: greeting === '鳥居' ? session.user.userId : '',
    sessionAfterReload: reloaded.user.userId,
    wrongPassword: isFailure(wrong, 'LOGIN_FAILED'),
    ended: isFailure(ended, 'NOT_LOGGED_IN'),
    workers: workers.started,
    workersAnswered: workers.answered,
    ticks,
    hashingMs,
  }
}

export type KeyRound = {
  userId: string
  /** What the exchange was refused with. */
  refused: string
  stages: string[]
  resumedAs: string
  afterLogout: string
}

/** A round on a shared key, with a reload of the page in it. */
const runKeys = async (
  options: ClientOptions,
  userName: string,
  exchange: KeyExchangeOptions,
): Promise<KeyRound> => {
  const storage = createBrowserStorage(userName)
  const password = 'correct horse'
  const client = createClient({ ...options, storage })
  const round: KeyRound = { userId: '', refused: '', stages: [], resumedAs: '', afterLogout: '' }
  try {
    await client.exchangeKeys(exchange)
  } catch (error) {
    return { ...round, refused: (error as Error).name }
  }
  round.stages.push((await client.hello({ language: navigator.language })).stage)
  round.userId = (await client.register({ userName, password })).user.userId
  const reloaded = createClient({ ...options, storage })
  round.resumedAs = (await reloaded.resume()).user.userId
  round.stages.push((await reloaded.hello()).stage)
  await reloaded.logout()
  round.stages.push((await client.hello()).stage)
  round.afterLogout = await client.resume().then(
    () => 'none',
    (error: Error) => error.name,
  )
  await client.login({ login: userName, password })
  return round
}

/** So many calls at once, on the key that is kept. */
const callOften = async (options: ClientOptions, userName: string, count: number): Promise<string[]> => {
  const client = createClient({ ...options, storage: createBrowserStorage(userName) })
  const results = await Promise.allSettled(Array.from({ length: count }, () => client.session()))
  return results.map((result) =>
    result.status === 'fulfilled' ? result.value.user.userId : String(result.reason),
  )
}

/** The name of the failure of a first call, or `none`. */
const tryEcho = (options: ClientOptions): Promise<string> =>
  createClient(options)
    .echo({})
    .then(
      () => 'none',
      (error: Error) => error.name,
    )

declare global {
  interface Window {
    torii?: {
      runRound: typeof runRound
      runKeys: typeof runKeys
      callOften: typeof callOften
      tryEcho: typeof tryEcho
    }
  }
}

window.torii = { runRound, runKeys, callOften, tryEcho }
