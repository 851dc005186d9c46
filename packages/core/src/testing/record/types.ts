/**
 * What a run looked like, as plain data: the source of pictures and of NDJSON. Times are true virtual
 * milliseconds. A world made with `record: true` keeps one; everything else is added by whoever knows more
 * (a cluster adds reigns, a failed law marks its contradiction).
 */
export interface Recording {
  readonly nodes: readonly string[]
  readonly endMs: number
  /** In the order of sending. */
  readonly messages: readonly RecordedMessage[]
  /** In the order of their beginnings. */
  readonly spans: readonly RecordedSpan[]
  /** In the order of time. */
  readonly notes: readonly RecordedNote[]
}

export interface RecordedMessage {
  readonly id: number
  readonly from: string
  readonly to: string
  readonly sentMs: number
  /** When it reached the other process, or the moment of its loss; null while it is under way, for ever if the run ends. */
  readonly endMs: number | null
  readonly fate: 'arrived' | 'lost' | 'under way'
  /** `frame`, `datagram`, or a word of the transport: `syn`, `refused`, `reset`, `fin`, ... */
  readonly kind: string
  /** For people; `frame of 12 B` unless the world was given a better `label`. Its first word names its sort. */
  readonly what: string
}

export interface RecordedSpan {
  /** Empty for the world itself: faults that belong to no single node. */
  readonly node: string
  readonly kind: 'down' | 'no power' | 'paused' | 'asleep' | 'reign' | 'fault'
  readonly fromMs: number
  /** null: until the end of the recording. */
  readonly toMs: number | null
  readonly text: string
  /** Of a reign. */
  readonly term?: number
}

export interface RecordedNote {
  readonly atMs: number
  /** Empty for the world itself. */
  readonly node: string
  /** `life`: started, crashed, paused, ...; `network`: a single cut, of which one fault may make many. */
  readonly kind: 'log' | 'fault' | 'moment' | 'life' | 'network' | 'contradiction'
  readonly text: string
}
