/** Load from a process of its own, on a core of its own where that can be had. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Members } from '../harness/callers.ts'
import type { Job, Result } from './load-process.ts'

const file = fileURLToPath(import.meta.resolve('#root/dist/tests/faults/load-process.js'))

export const openLoad = (t: { teardown(end: () => unknown): void }) => {
  const child = fork(file, { env: { PATH: process.env.PATH ?? '' } })
  t.teardown(() => child.kill())
  return async (job: Job): Promise<Result> => {
    const done = new AbortController()
    const { signal } = done
    child.send(job)
    const first = await Promise.race([once(child, 'message', { signal }), once(child, 'exit', { signal })])
    done.abort()
    const [result] = first
    if (typeof result !== 'object') throw new Error(`the load ended with ${result}`)
    return result as Result
  }
}

/** A call as JSON with the app's credentials, as text for the wire. */
export const writeCall = (app: { appId: string; appSecret: string }, path: string, members: Members) => {
  const body = JSON.stringify({ appid: app.appId, appsecret: app.appSecret, ...members })
  return [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n')
}
