/**
 * Metrics that are counted or read here and handed to prom-client when somebody asks: its own would hash their labels
 * at every count, and keep showing what is gone.
 */
import type { Metric, Registry } from 'prom-client'

type Labels = Record<string, string | number>
export type Sample = { labels: Labels; value: number; metricName?: string }
type Series = { name: string; help: string; type: 'counter' | 'gauge' | 'histogram' }

export const serveSeries = (register: Registry, series: Series, read: () => Sample[]) => {
  const get = async () => ({ ...series, aggregator: 'sum', values: read() })
  register.registerMetric({ ...series, get } as unknown as Metric)
}

/** One row for each set of labels that was met; there are few, for labels come from short lists. */
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

type Needs = { register: Registry; name: string; help: string; labelNames: readonly string[] }

export const createCounter = ({ register, name, help, labelNames }: Needs) => {
  const rows = createRows(labelNames, () => ({ value: 0 }))
  serveSeries(register, { name, help, type: 'counter' }, () =>
    rows.all().map(({ labels, row }) => ({ labels, value: row.value })),
  )
  return (...values: string[]) => {
    rows.at(values).value++
  }
}

export const createHistogram = (needs: Needs & { buckets: readonly number[] }) => {
  const { register, name, help, labelNames, buckets } = needs
  // The last count is of what is above all buckets.
  const rows = createRows(labelNames, () => ({
    counts: new Array<number>(buckets.length + 1).fill(0),
    sum: 0,
  }))
  serveSeries(register, { name, help, type: 'histogram' }, () =>
    rows.all().flatMap(({ labels, row }) => {
      let count = 0
      const samples: Sample[] = row.counts.map((more, at) => {
        count += more
        return {
          metricName: `${name}_bucket`,
          labels: { le: buckets[at] ?? '+Inf', ...labels },
          value: count,
        }
      })
      const sum = { metricName: `${name}_sum`, labels, value: row.sum }
      return [...samples, sum, { metricName: `${name}_count`, labels, value: count }]
    }),
  )
  return (value: number, ...values: string[]) => {
    const row = rows.at(values)
    const at = buckets.findIndex((most) => value <= most)
    const place = at < 0 ? buckets.length : at
    row.counts[place] = (row.counts[place] ?? 0) + 1
    row.sum += value
  }
}
