/**
 * Metrics that are counted here and handed to prom-client at each scrape: its own would hash their labels at every count,
 * several times in each request.
 */
import type { Metric, Registry } from 'prom-client'

type Labels = Record<string, string | number>
type Sample = { labels: Labels; value: number; metricName?: string }
type Series = { register: Registry; name: string; help: string; labelNames: readonly string[] }

const serve = ({ register, ...series }: Series & { type: 'counter' | 'histogram' }, read: () => Sample[]) => {
  const get = async () => ({ ...series, aggregator: 'sum', values: read() })
  register.registerMetric({ ...series, get } as unknown as Metric)
}

/** One row for each set of labels that was met; there are few, since labels come from short lists. */
const createRows = <Row>(labelNames: readonly string[], create: () => Row) => {
  const rows = new Map<string, { labels: Labels; row: Row }>()
  return {
    all: () => [...rows.values()],
    at: (values: readonly string[]): Row => {
      const key = values.join('\0')
      const known = rows.get(key)
      if (known) return known.row
      const labels = Object.fromEntries(labelNames.map((name, at) => [name, values[at] ?? '']))
      const row = create()
      rows.set(key, { labels, row })
      return row
    },
  }
}

/** Counts one more; the values are those of the labels, in their order. */
export const createCounter = (series: Series) => {
  const rows = createRows(series.labelNames, () => ({ value: 0 }))
  serve({ ...series, type: 'counter' }, () =>
    rows.all().map(({ labels, row }) => ({ labels, value: row.value })),
  )
  return (...values: string[]): void => {
    rows.at(values).value++
  }
}

export const createHistogram = ({ buckets, ...series }: Series & { buckets: readonly number[] }) => {
  const { name, labelNames } = series
  // The last count is of what is above all buckets.
  const create = () => ({ counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 })
  const rows = createRows(labelNames, create)
  const samplesOf = ({ labels, row }: { labels: Labels; row: ReturnType<typeof create> }): Sample[] => {
    let count = 0
    const samples = row.counts.map((more, at) => {
      count += more
      return { metricName: `${name}_bucket`, labels: { le: buckets[at] ?? '+Inf', ...labels }, value: count }
    })
    const sum = { metricName: `${name}_sum`, labels, value: row.sum }
    return [...samples, sum, { metricName: `${name}_count`, labels, value: count }]
  }
  serve({ ...series, type: 'histogram' }, () => rows.all().flatMap(samplesOf))
  return (value: number, ...values: string[]): void => {
    const row = rows.at(values)
    const at = buckets.findIndex((most) => value <= most)
    const place = at < 0 ? buckets.length : at
    row.counts[place] = (row.counts[place] ?? 0) + 1
    row.sum += value
  }
}
