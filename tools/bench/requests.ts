/** Requests and how their replies are judged: what all sources share. */
export type PlainRequest = {
  method: 'GET' | 'POST'
  path: string
  headers: Record<string, string>
  body: string
}

export const post = (path: string, members: object, headers: Record<string, string> = {}): PlainRequest => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(members),
})

export const postForm = (path: string, body: string, headers: Record<string, string> = {}): PlainRequest => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  body,
})

export const writeRequest = ({ method, path, headers, body }: PlainRequest): Buffer => {
  const lines = Object.entries({ host: '127.0.0.1', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  const length = method === 'POST' ? `content-length: ${Buffer.byteLength(body)}\r\n` : ''
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`)
}

/** A request as bytes. */
export type Shot = {
  bytes: Buffer
  /** What is wrong with the reply; undefined: nothing. */
  judge(status: number, body: Buffer): string | undefined
}
/** Gives the next request. */
export type Source = () => Shot

/** A reply as a failure shows it. */
export const showReply = (status: number, body: Buffer) => `${status} ${body.toString('utf8', 0, 200)}`

/** One item after the other, for ever. */
export const createTurn = <T>(items: readonly T[]): (() => T) => {
  let index = -1
  return () => {
    index = (index + 1) % items.length
    const item = items[index]
    if (item === undefined) throw new Error('nothing to send')
    return item
  }
}

/** Every 32nd sealed reply is opened. */
const openedEach = 32
export const createSampling = (): (() => boolean) => {
  let answered = 0
  return () => answered++ % openedEach === 0
}
