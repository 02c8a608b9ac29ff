/** Values that fit every parameter, so that a query can be built without knowing what it is asked for. */

/** The text of a number: it compares with numbers, texts and bytes by their index. Filled tables have it everywhere. */
export const sampleText = '10042'
const few = 2

/** What Kysely and promises look for, to tell one kind of object from another. */
const absent = new Set(['then', 'toOperationNode'])
const ofList = new Set(
  'map flatMap filter slice sort join some every includes reduce forEach concat'.split(' '),
)
const ofText = new Set(
  'startsWith split toLowerCase trim replace replaceAll indexOf subarray padStart normalize'.split(' '),
)

/** Stands for a number, a text, bytes, a list of two or an object with every member. */
export const createSample = (): unknown =>
  new Proxy(
    {},
    {
      get(_, key) {
        if (key === Symbol.toPrimitive)
          return (hint: string) => (hint === 'string' ? sampleText : Number(sampleText))
        if (key === Symbol.iterator) return () => sampleList()[Symbol.iterator]()
        if (typeof key === 'symbol' || absent.has(key)) return undefined
        if (key === 'length' || key === 'size') return few
        if (key === 'toString' || key === 'valueOf' || key === 'toJSON') return () => sampleText
        if (ofList.has(key)) return bind(sampleList(), key)
        return ofText.has(key) ? bind(sampleText, key) : createSample()
      },
    },
  )

const bind = (whole: object | string, key: string) =>
  (whole as unknown as Record<string, (...values: unknown[]) => unknown>)[key]?.bind(whole)

const sampleList = () => Array.from({ length: few }, createSample)

export const isSample = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Buffer.isBuffer(value) && String(value) === sampleText
