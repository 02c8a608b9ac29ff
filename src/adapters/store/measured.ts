import type { Store } from './index.ts'

type Observe = (verb: string, seconds: number, isGood: boolean) => void

/** The same store; tells of each trip how long it took and whether it was answered. */
export const measureStore = (store: Store, observe: Observe): Store => {
  const timed =
    <Values extends unknown[], Result>(verb: string, run: (...values: Values) => Promise<Result>) =>
    async (...values: Values): Promise<Result> => {
      const start = performance.now()
      let isGood = false
      try {
        const result = await run(...values)
        isGood = true
        return result
      } finally {
        observe(verb, (performance.now() - start) / 1_000, isGood)
      }
    }
  return {
    get: timed('get', store.get),
    set: timed('set', store.set),
    take: timed('take', store.take),
    increment: timed('increment', store.increment),
    compareAndSet: timed('compareAndSet', store.compareAndSet),
    claim: timed('claim', store.claim),
    pass: timed('pass', store.pass),
    setTouched: timed('setTouched', store.setTouched),
    touch: timed('touch', store.touch),
    beginLedger: timed('beginLedger', store.beginLedger),
    consume: timed('consume', store.consume),
    slide: timed('slide', store.slide),
    extend: timed('extend', store.extend),
    pushBounded: timed('pushBounded', store.pushBounded),
    pushEach: timed('pushEach', store.pushEach),
    setInRing: timed('setInRing', store.setInRing),
    remove: timed('remove', store.remove),
    ping: timed('ping', store.ping),
    findWarnings: store.findWarnings,
    get trips() {
      return store.trips
    },
    get epoch() {
      return store.epoch
    },
    close: store.close,
  }
}
