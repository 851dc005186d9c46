/** How an operator's wish ended. */
export type OperateOutcome =
  /** Journalled and committed. */
  | { readonly status: 'done'; readonly text: string }
  /** Nothing was changed; the sentence says why not. */
  | { readonly status: 'refused'; readonly text: string }
  /** No leader confirmed it in time: it may or may not have been done. Ask again: asking twice does no harm. */
  | { readonly status: 'unknown'; readonly text: string }
