/** Mobile phone numbers, by the tables of libphonenumber. */

export type PhoneNumber = {
  /** E.164: `+` and digits. */
  number: string
  /** Two letters (ISO 3166). */
  country: string
}

/** Undefined for what is no mobile number. `region`: of numbers without a country code; empty: they have none. */
export type ReadPhone = (typed: string, region: string) => PhoneNumber | undefined

let loaded: Promise<ReadPhone> | undefined

const load = async (): Promise<ReadPhone> => {
  const { isSupportedCountry, parsePhoneNumberFromString } = await import('libphonenumber-js/mobile')
  return (typed, region) => {
    const options = isSupportedCountry(region)
      ? { defaultCountry: region, extract: false }
      : { extract: false }
    const found = parsePhoneNumberFromString(typed, options)
    // An extension belongs to no mobile phone.
    if (!found?.country || found.ext !== undefined || !found.isValid()) return undefined
    return { number: found.number, country: found.country }
  }
}

/** Takes a tenth of a second and a megabyte, so it is loaded after the start, or when first used. */
export const loadPhones = (): Promise<ReadPhone> => {
  loaded ??= load().catch((error) => {
    // A package that could not be read now may be readable later.
    loaded = undefined
    throw error
  })
  return loaded
}
