/** The entries of a JSON array. What they are is judged by their reader. */
export const readTextArray = (text: string): unknown[] => {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (error) {
    // The message of the parser shows what is in the list.
    throw new Error('is not JSON', { cause: error })
  }
  if (!Array.isArray(value)) throw new Error('is not a JSON array of texts')
  return value
}
