/** Addresses as others see them. */
import type { AddressKind } from '../../addresses/api.ts'

const masks: Record<AddressKind, (text: string) => string> = {
  email: (text) => `${Array.from(text).slice(0, 1).join('')}***${text.slice(text.lastIndexOf('@'))}`,
  phone: (text) => `${text.slice(0, 3)}****${text.slice(-2)}`,
}

export const maskAddress = (kind: AddressKind, text: string): string => masks[kind](text)
