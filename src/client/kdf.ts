import { bcryptText } from '../protocol/password-kdf.ts'

export type KdfJob = { text: string; salt: string; cost: number }
/** The slow part of the password scheme: 31 characters. */
export type Kdf = (job: KdfJob) => Promise<string>

const runInWorker: Kdf = (job) => {
  // Written like this, in one expression, so that bundlers find the worker and bundle it.
  const worker = new Worker(new URL('./kdf-worker.js', import.meta.url), { type: 'module' })
  return new Promise<string>((resolve, reject) => {
    const fail = () => reject(new Error('the worker did not start or has failed'))
    worker.onmessage = ({ data }: MessageEvent<string>) => (data ? resolve(data) : fail())
    worker.onerror = fail
    worker.postMessage(job)
  }).finally(() => worker.terminate())
}

const runInThread: Kdf = ({ text, salt, cost }) => bcryptText(text, salt, cost)

/**
 * bcrypt in a Worker where there are Workers. A page may forbid them (CSP `worker-src`), and without a bundler a Worker
 * finds no packages (import maps don't reach it): then in the page's thread, which bcryptjs leaves every 100 ms.
 */
export const createKdf = (): Kdf => {
  let hasWorkers = typeof Worker === 'function'
  return async (job) => {
    if (!hasWorkers) return runInThread(job)
    try {
      return await runInWorker(job)
    } catch {
      hasWorkers = false
      return runInThread(job)
    }
  }
}
