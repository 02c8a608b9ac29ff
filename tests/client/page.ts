/** What runs in the page of the browser test: a round by the client, and what the page could do meanwhile. */
import {
  type ClientOptions,
  type ClientStorage,
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

const storages = new Map<string, ClientStorage>()

/** The storage of this name, opened once by this page. */
const storageOf = (name: string): ClientStorage => {
  const known = storages.get(name) ?? createBrowserStorage(name)
  storages.set(name, known)
  return known
}

/** Deletes a database as another tab would; false if that is still blocked after two seconds. */
const deleteDatabase = (name: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name)
    request.onsuccess = () => resolve(true)
    request.onerror = () => reject(request.error)
    setTimeout(() => resolve(false), 2_000)
  })

declare global {
  interface Window {
    torii?: {
      runRound: typeof runRound
      runKeys: typeof runKeys
      callOften: typeof callOften
      tryEcho: typeof tryEcho
      storageOf: typeof storageOf
      deleteDatabase: typeof deleteDatabase
    }
  }
}

window.torii = { runRound, runKeys, callOften, tryEcho, storageOf, deleteDatabase }
