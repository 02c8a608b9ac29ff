/** A `fetch` that waits when the server says TOO_OFTEN, as long as it says, and calls again. Messages are in English. */
import type { Print } from './core.ts'

type Needs = { fetch: typeof fetch; print: Print; sleep(milliseconds: number): Promise<unknown> }

const tooOften = 2_020_407
const mostSeconds = 300
const timeoutMs = 15_000

const codeOf = (body: ArrayBuffer): unknown => {
  try {
    return JSON.parse(Buffer.from(body).toString()).code
  } catch {
    return undefined
  }
}

export const createPatientFetch = ({ fetch, print, sleep }: Needs): typeof fetch =>
  async function patientFetch(address, init) {
    const headers = new Headers(init?.headers)
    if (!headers.has('accept-language')) headers.set('accept-language', 'en')
    for (let waited = 0; ; ) {
      // A caller's own timeout would end the wait.
      const reply = await fetch(address, { ...init, headers, signal: AbortSignal.timeout(timeoutMs) })
      const body = await reply.arrayBuffer()
      const seconds = Number(reply.headers.get('retry-after'))
      waited += seconds
      if (codeOf(body) !== tooOften || !(seconds > 0 && waited <= mostSeconds))
        return new Response(body, reply)
      print('wait', `TOO_OFTEN: once more in ${seconds} s`)
      await sleep(1_000 * seconds)
    }
  }
