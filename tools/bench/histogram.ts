/** Latencies, exact to a microsecond below 100 ms and to a millisecond above, up to a minute. */
export type Histogram = {
  record(ms: number): void
  /** The time within which this share (0 to 1) of all were answered, in ms; 0 when there are none. */
  quantile(share: number): number
}

const fineUs = 100_000
const coarse = 60_000

export const createHistogram = (): Histogram => {
  const counts = new Uint32Array(fineUs + coarse)
  let total = 0
  return {
    record: (ms) => {
      const us = Math.max(0, Math.floor(ms * 1_000))
      const place = us < fineUs ? us : Math.min(fineUs + Math.floor(ms), counts.length - 1)
      counts[place] = (counts[place] ?? 0) + 1
      total++
    },
    quantile: (share) => {
      let left = Math.ceil(total * share)
      if (total === 0) return 0
      for (let place = 0; place < counts.length; place++) {
        left -= counts[place] ?? 0
        if (left <= 0) return place < fineUs ? place / 1_000 : place - fineUs
      }
      return coarse
    },
  }
}
