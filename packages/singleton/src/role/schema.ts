/** One thing that a validator found wrong. */
export interface Issue {
  readonly message: string
  readonly path?: readonly (string | number)[]
}

/**
 * What validators offer under Standard Schema, version 1 (https://standardschema.dev): zod, valibot, arktype and
 * others make such values. Validators must answer at once: a promise fails the command.
 */
export interface Schema<Output> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}
