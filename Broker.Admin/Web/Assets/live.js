// Keeps the numbers and lines of a page up to date. The server says what has changed after each of its samples; when rows have come
// or gone, the page's content is fetched anew.
const state = document.getElementById('live-state')
let source = null

const main = () => document.getElementById('main')

function apply (values) {
  for (const [key, value] of Object.entries(values)) {
    const name = CSS.escape(key)
    for (const element of document.querySelectorAll(`[data-live="${name}"]`)) {
      if (element.textContent === value) continue
      element.textContent = value
      element.classList.remove('changed')
      requestAnimationFrame(() => element.classList.add('changed'))
    }
    for (const element of document.querySelectorAll(`[data-live-d="${name}"]`)) element.setAttribute('d', value)
  }
}

// What a focused link or button is found by again when the content around it is new.
const nameOf = element => element.getAttribute('href') ?? element.getAttribute('aria-label') ?? element.textContent

async function replace () {
  // What somebody is typing or reading in a fold is not torn away.
  const current = main()
  if (document.activeElement?.matches('input, select, textarea') || current.querySelector('details[open]')) return
  const response = await fetch(location.href, { headers: { Accept: 'text/html' } })
  if (!response.ok || response.redirected) return
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('main')
  if (!fresh) return
  const focused = current.contains(document.activeElement) && current !== document.activeElement ? nameOf(document.activeElement) : null
  current.dataset.shape = fresh.dataset.shape
  current.replaceChildren(...document.adoptNode(fresh).childNodes)
  if (focused !== null) ([...current.querySelectorAll('a, button')].find(element => nameOf(element) === focused) ?? current).focus()
  document.dispatchEvent(new Event('replaced'))
}

function open () {
  const url = main()?.dataset.liveUrl
  if (!url || source) return
  source = new EventSource(url)
  source.onmessage = async event => {
    const { shape, values } = JSON.parse(event.data)
    if (state) state.hidden = false
    if (shape !== main().dataset.shape) await replace()
    apply(values)
  }
  source.onerror = () => { if (state) state.hidden = true }
}

function close () {
  source?.close()
  source = null
}

// A browser has few connections for each server: a page that nobody sees gives its own back.
document.addEventListener('visibilitychange', () => document.hidden ? close() : open())
addEventListener('pagehide', close)
addEventListener('pageshow', open)
if (!document.hidden) open()
