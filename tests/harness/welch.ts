/** Whether two series of times differ by more than chance. */

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

const varianceOf = (values: readonly number[], mean: number) =>
  values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)

/** Welch's t. */
export const welch = (one: readonly number[], other: readonly number[]): number => {
  const [a, b] = [meanOf(one), meanOf(other)]
  return (a - b) / Math.sqrt(varianceOf(one, a) / one.length + varianceOf(other, b) / other.length)
}

/** The same without the slowest tenth of both together: pauses of the machine hide what is to be seen. */
export const croppedWelch = (one: readonly number[], other: readonly number[]): number => {
  const all = [...one, ...other].sort((a, b) => a - b)
  const most = all[Math.floor(all.length * 0.9)] ?? 0
  const isKept = (value: number) => value <= most
  return welch(one.filter(isKept), other.filter(isKept))
}

/** In microseconds, of the quicker halves: how far apart they are. */
export const medianGap = (one: readonly number[], other: readonly number[]): number => {
  const medianOf = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
  return Math.round((medianOf(one) - medianOf(other)) * 1_000)
}
