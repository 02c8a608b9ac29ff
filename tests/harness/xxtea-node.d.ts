declare module 'xxtea-node' {
  const xxtea: {
    encrypt(data: string | Uint8Array, key: string | Uint8Array): Uint8Array
    decrypt(data: Uint8Array, key: string | Uint8Array): Uint8Array | null
  }
  export = xxtea
}
