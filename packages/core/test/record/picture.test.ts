import { describe, expect, it } from 'vitest'
import { createWorld, describe as inWords, picture, type Recording } from '../../src/testing/index.js'
import { chartOf } from '../../src/testing/record/picture/chart.js'
import { gossipRun, scheduleOf } from '../world/gossip.js'
import { openPage } from './fake-page.js'

const empty: Recording = { nodes: ['ann', 'bob'], endMs: 100, messages: [], spans: [], notes: [] }

function message(id: number, what: string, more: Partial<Recording['messages'][number]> = {}) {
  const fate = 'arrived' as const
  return { id, from: 'ann', to: 'bob', sentMs: id, endMs: id + 0.5, fate, kind: 'frame', what, ...more }
}

/** The data that the page reads. */
function dataIn(html: string): ReturnType<typeof chartOf> {
  const [, json = ''] = /<script type="application\/json" id="chart">(.*?)<\/script>/s.exec(html) ?? []
  return JSON.parse(json) as ReturnType<typeof chartOf>
}

function gossipPicture(): { html: string; recording: Recording } {
  const world = createWorld({ seed: 3, record: true })
  gossipRun(world, scheduleOf(3))
  const { recording } = world
  return {
    html: picture(recording, { title: 'Gossip', seed: 3, schedule: inWords(scheduleOf(3)) }),
    recording,
  }
}

describe('a picture', () => {
  it('is one file that asks nobody for anything', () => {
    const { html } = gossipPicture()
    expect(html).not.toMatch(/https?:|\/\/[a-z0-9-]+\.[a-z]|@import|url\(/i)
    expect(html).not.toMatch(/ src=|<link(?! rel="icon" href="data:,">)/)
    expect(html).toContain("default-src 'none'")
  })

  it('holds every message, span and fault of the run', () => {
    const { html, recording } = gossipPicture()
    const data = dataIn(html)
    expect(data.messages.length).toBe(recording.messages.length * 6)
    expect(data.spans.length).toBe(recording.spans.length)
    expect(data.nodes).toEqual(recording.nodes)
    for (const line of inWords(scheduleOf(3))) {
      const words = line.slice(line.indexOf('  ') + 2)
      expect(html).toContain(words.replaceAll('>', '&gt;'))
    }
  })

  it('leaves text as text, wherever it comes from', () => {
    const evil = `</script><script>alert('x')</script><img src=x onerror="alert(1)">&\u2028`
    const event = { atMs: 1, node: evil, text: evil }
    const recording: Recording = {
      nodes: [evil, 'bob'],
      endMs: 10,
      messages: [message(0, evil, { from: evil })],
      spans: [{ node: evil, kind: 'down', fromMs: 0, toMs: 5, text: evil }],
      notes: [{ atMs: 1, node: evil, kind: 'log', text: evil }],
    }
    const options = { title: evil, seed: evil, schedule: [evil], law: evil }
    const html = picture(recording, { ...options, contradiction: { text: evil, events: [event] } })
    expect(html.match(/<script/g)?.length).toBe(2)
    expect(html.match(/<\/script/g)?.length).toBe(2)
    expect(html).not.toContain('<img')
    expect(dataIn(html).notes[0]?.text).toBe(evil)
    expect(dataIn(html).nodes[0]).toBe(evil)
  })

  it('says the law, the contradiction and its events, which lead to their moments', () => {
    const events = [
      { atMs: 12.5, node: 'ann', text: 'acknowledges c1:7' },
      { atMs: 40, node: 'bob', text: 'has another command there' },
    ]
    const html = picture(empty, {
      title: 'T',
      seed: 's-1',
      law: 'S3 is broken',
      contradiction: { text: 'Both.', events },
    })
    expect(html).toContain('S3 is broken')
    expect(html).toContain('data-ms="12.5"')
    expect(dataIn(html).contradiction?.events).toMatchObject([
      { node: 0, atMs: 12.5 },
      { node: 1, atMs: 40 },
    ])
  })

  it('needs less than 60 bytes a message', () => {
    const size = (count: number): number => {
      const messages = Array.from({ length: count }, (_, i) => message(i, `append ${i} t3`))
      return picture({ ...empty, endMs: count, messages }, { title: 'T', seed: 1 }).length
    }
    expect((size(20_000) - size(0)) / 20_000).toBeLessThan(60)
  })
})

describe('the data of a picture', () => {
  const options = { title: 'T', seed: 1 }

  it('names sorts by the first word, and hides beats at first', () => {
    const messages = [message(0, 'beat t3'), message(1, 'append 4-7 t3'), message(2, 'alive, hears 2')]
    const { sorts, families } = chartOf({ ...empty, messages }, options)
    const said = sorts.map(({ name, family, hidden }) => `${name} ${families[family]} ${hidden}`)
    expect(said).toEqual(['beat Beats true', 'append Journal false', 'alive Beats true'])
  })

  it('shows beats when there is nothing else, and hides what it is told to', () => {
    const messages = [message(0, 'beat t3')]
    expect(chartOf({ ...empty, messages }, options).sorts[0]?.hidden).toBe(false)
    const two = [...messages, message(1, 'vote t4')]
    const { sorts } = chartOf({ ...empty, messages: two }, { ...options, hidden: ['vote'] })
    expect(sorts.map(({ hidden }) => hidden)).toEqual([false, true])
  })

  it('gives a column to whoever only sends', () => {
    const messages = [message(0, 'call 1', { from: 'a client' })]
    expect(chartOf({ ...empty, messages }, options).nodes).toEqual(['ann', 'bob', 'a client'])
  })

  it('says one fault once, however many links it cuts', () => {
    const cut = (atMs: number, text: string) => ({ atMs, node: '', kind: 'network' as const, text })
    const notes = [
      cut(5, 'cut ann > bob'),
      cut(5, 'cut bob > ann'),
      cut(7, 'cut ann > bob'),
      { atMs: 7, node: '', kind: 'fault' as const, text: 'split ann | bob' },
    ]
    const said = chartOf({ ...empty, notes }, options).notes.map(({ atMs, text }) => `${atMs} ${text}`)
    expect(said).toEqual(['5 cut ann > bob and 1 more', '7 split ann | bob'])
  })
})

describe('the script of the page', () => {
  const recording: Recording = {
    nodes: ['ann', 'bob'],
    endMs: 1_000,
    messages: [
      message(100, 'append 4-7 t3'),
      message(200, 'vote t4', { sentMs: 200, endMs: 260, fate: 'lost' }),
      message(300, 'beat t4'),
    ],
    spans: [
      { node: 'ann', kind: 'reign', fromMs: 50, toMs: 190, text: 'serves', term: 3 },
      { node: 'ann', kind: 'no power', fromMs: 190, toMs: 700, text: 'no power' },
      { node: '', kind: 'fault', fromMs: 190, toMs: 700, text: 'power off ann' },
    ],
    notes: [{ atMs: 500, node: 'bob', kind: 'log', text: 'I stand' }],
  }
  const events = [
    { atMs: 150, node: 'ann', text: 'acknowledges 7' },
    { atMs: 600, node: 'bob', text: 'has no 7' },
  ]
  const html = picture(recording, { title: 'T', seed: 1, contradiction: { text: 'Both.', events } })

  it('needs nothing from outside of itself, and draws what happened', () => {
    const { written } = openPage(html)
    for (const words of [
      'append 4-7 t3',
      'vote t4',
      'term 3',
      'no power',
      'power off ann',
      'I stand',
      'has no 7',
    ]) {
      expect(written).toContain(words)
    }
    expect(written).not.toContain('beat t4')
  })

  it('leaves out moments that come all the time, and those that the life of a machine says already', () => {
    const moments = Array.from({ length: 100 }, (_, i) => ({ atMs: 400 + i, text: 'appended' }))
    const all = [...moments, { atMs: 560, text: 'elected' }, { atMs: 620, text: 'crashed' }]
    const notes = all.map((note) => ({ ...note, node: 'bob', kind: 'moment' as const }))
    const life = { atMs: 620, node: 'bob', kind: 'life' as const, text: 'crash' }
    const page = openPage(picture({ ...recording, notes: [...notes, life] }, { title: 'T', seed: 1 }))
    expect(page.text('families')).toMatch(/appended.*100/)
    expect(page.written).toContain('elected')
    expect(page.written).toContain('crash')
    expect(page.written).not.toContain('crashed')
    expect(page.written).not.toContain('appended')
  })

  it('shows the whole run on demand, and says which part is on the screen', () => {
    const page = openPage(html)
    expect(page.text('where')).not.toBe('0.000 s to 1.000 s')
    page.act('fit', 'click')
    expect(page.text('where')).toBe('0.000 s to 1.000 s')
    page.act('in', 'click')
    expect(page.text('where')).not.toBe('0.000 s to 1.000 s')
  })

  it('pins the message that is clicked, with what is known of it', () => {
    const page = openPage(html)
    page.act('fit', 'click')
    // The margin above is 4%; ann stands at 427, bob at 809.
    const y = 0.04 * 800 + 230 * ((0.92 * 800) / 1_000)
    page.act('canvas', 'click', { clientX: 427 + 0.31 * 382, clientY: y })
    expect(page.text('pinned')).toMatch(/vote t4.*ann → bob.*0\.200000 s.*lost.*0\.260000 s.*60 ms/)
  })
})
